"""What is known of a contact over all leads and campaigns of its organisation, in one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, exists, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession

from domain.vocabulary import AttemptOutcome
from storage.models import AttemptRow, ContactRow, DoNotCallEntryRow, LeadRow

_REACHED = (AttemptOutcome.ANSWERED, AttemptOutcome.TRANSFERRED, AttemptOutcome.CALLBACK_REQUESTED)


@dataclass(frozen=True, slots=True)
class ContactFacts:
    """Attributes:
    dials: When requests left that rang or may have rung, oldest first.
    is_on_a_call: Some lead of the contact holds a slot.
    reached_at: When another lead last reached somebody.
    is_listed: The number stands on an imported do-not-call list. That stays true while the organisation is held.
    """

    dials: Sequence[datetime]
    is_on_a_call: bool
    reached_at: datetime | None
    is_listed: bool


async def contact_facts(
    session: AsyncSession, contact: ContactRow, lead: LeadRow, *, dialled_since: datetime, but_for: UUID | None = None
) -> ContactFacts:
    """Read under the contact's lock, so that it stays true until the caller commits.

    Args:
        lead: Its own talks don't make ``reached_at``.
        dialled_since: Dials before it are left out.
        but_for: An attempt that is being decided about and isn't counted against itself.
    """
    of_contact = AttemptRow.contact_id == contact.id
    rang = and_(of_contact, AttemptRow.first_sent_at >= dialled_since, AttemptRow.counts.is_not(False))
    if but_for is not None:
        rang = and_(rang, AttemptRow.id != but_for)
    dials = select(func.array_agg(aggregate_order_by(AttemptRow.first_sent_at, AttemptRow.first_sent_at))).where(rang)
    reached = select(func.max(AttemptRow.settled_at)).where(
        of_contact, AttemptRow.lead_id != lead.id, AttemptRow.outcome.in_(_REACHED)
    )
    query = select(
        dials.scalar_subquery(),
        exists().where(of_contact, AttemptRow.slot_released_at.is_(None)),
        reached.scalar_subquery(),
        exists().where(
            DoNotCallEntryRow.organization_id == contact.organization_id,
            DoNotCallEntryRow.phone_number == contact.phone_number,
        ),
    )
    found, is_on_a_call, reached_at, is_listed = (await session.execute(query)).one()
    return ContactFacts(found or [], is_on_a_call, reached_at, is_listed)
