"""What people change about a lead: its number, its turn, its run. Callers hold the lead's locks and commit."""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.vocabulary import AttemptStatus, LeadStatus
from storage.contacts import lock_contacts
from storage.models import AttemptRow, CampaignRow, ContactRow, LeadRow, OrganizationRow
from storage.right_of_way import give_way
from storage.situations import LeadMoved


async def lock_numbers_of_lead(
    session: AsyncSession, organization_id: UUID, lead_id: UUID, further: Collection[str]
) -> Mapping[str, ContactRow]:
    """Lock the contacts of a lead, of its earlier calls and of ``further`` numbers (E.164), which are made if new.

    For changes that concern several contacts, before ``lock_lead``: the organisation and the campaign come first, then
    the contacts by their numbers.

    Raises:
        LeadMoved: the lead got another number meanwhile; roll back and ask again.
    """
    await session.execute(select(give_way(LeadRow.organization_id)).where(LeadRow.id == lead_id))
    owners = (
        select(OrganizationRow.id, CampaignRow.id)
        .join(CampaignRow, CampaignRow.organization_id == OrganizationRow.id)
        .join(LeadRow, LeadRow.campaign_id == CampaignRow.id)
        .where(LeadRow.id == lead_id)
        .with_for_update(read=True, of=[OrganizationRow, CampaignRow])
    )
    await session.execute(owners)
    of_lead = select(LeadRow.contact_id).where(LeadRow.id == lead_id)
    of_calls = select(AttemptRow.contact_id).where(AttemptRow.lead_id == lead_id)
    known = select(ContactRow.phone_number).where(or_(ContactRow.id.in_(of_lead), ContactRow.id.in_(of_calls)))
    contacts = await lock_contacts(session, organization_id, {*further, *await session.scalars(known)})
    # Its contact's lock would have to be taken after those of higher numbers now.
    if await session.scalar(of_lead) not in {contact.id for contact in contacts.values()}:
        raise LeadMoved("the lead got another number while its contacts were being locked; nothing was done, ask again")
    return contacts


async def other_lead_of_contact(session: AsyncSession, lead: LeadRow, contact_id: UUID) -> UUID | None:
    """Another lead of the same campaign that has this contact. True until the commit for who holds its lock."""
    query = select(LeadRow.id).where(
        LeadRow.campaign_id == lead.campaign_id, LeadRow.contact_id == contact_id, LeadRow.id != lead.id
    )
    return await session.scalar(query.order_by(LeadRow.status == LeadStatus.DONE, LeadRow.created_at.desc()).limit(1))


def last_counted(lead: LeadRow, attempts: Collection[AttemptRow]) -> AttemptRow | None:
    """The last call of this run of the lead that counts and is over."""
    counted = [
        attempt
        for attempt in attempts
        if attempt.status == AttemptStatus.DONE and attempt.counts and attempt.number > lead.earlier_attempts
    ]
    return max(counted, key=lambda attempt: attempt.number, default=None)


def call_ahead(lead: LeadRow, *, now: datetime) -> None:
    """Have the lead called before all others, as soon as the rules let it be called at all."""
    lead.called_ahead_at = now
    lead.not_before = None
    lead.planned_at = None


def reopen(lead: LeadRow, *, attempts_before: int) -> None:
    """Begin another run of a finished lead, with its attempts to be counted from none again."""
    go_on(lead)
    lead.earlier_attempts = attempts_before
    lead.disposition = lead.not_before = None


def go_on(lead: LeadRow) -> None:
    """Begin another run of a finished lead in the midst of its schedule: the attempts that it had stay counted."""
    lead.run += 1
    lead.status = LeadStatus.NEW
    for column in _OF_ONE_RUN:
        setattr(lead, column, None)


_OF_ONE_RUN = (
    "outcome",
    "blocked_reason",
    "done_at",
    "cancelled_at",
    "hang_up_at",
    "called_ahead_at",
    "rang_back",
    "earliest_at",
    "due_at",
    "open_until",
    "planned_at",
    "next_attempt_at",
    "waiting_for",
    "handed_over_at",
)
