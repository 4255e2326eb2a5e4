"""What a preview of a campaign is made of: counts over all of its leads, and some of them with all that decides.

Nothing is locked: a preview is a look, and may be a moment old.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, distinct, exists, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.vocabulary import AttemptOutcome, LeadStatus
from storage.literals import written_out
from storage.models import (
    AccountRow,
    AttemptRow,
    CampaignRow,
    ContactRow,
    DoNotCallEntryRow,
    LeadRow,
    NumberPoolRow,
    OrganizationRow,
)
from storage.situations import LONG_COLUMNS, LeadWithContext

LAST_CALLS = 500
"""From so many of the latest calls it is told how long one takes."""

_WAITS = LeadRow.status == written_out(LeadStatus.NEW)


@dataclass(frozen=True, slots=True)
class Owners:
    organization: OrganizationRow
    account: AccountRow
    campaign: CampaignRow
    pool: NumberPoolRow


@dataclass(frozen=True, slots=True)
class Standing:
    """How many leads wait, are on a call or done; of those that wait, how many nobody may call."""

    waiting: int
    in_progress: int
    done: int
    do_not_call: int
    consent_missing: int


@dataclass(frozen=True, slots=True)
class Experience:
    """What the latest calls were like; none where there were none. ``talked``: of those that were answered."""

    calls: int
    occupied: timedelta | None
    talked: timedelta | None
    answered_share: float | None
    attempts_per_lead: float | None
    cost_cents: Decimal | None


async def owners_of(session: AsyncSession, organization_id: UUID, campaign_id: UUID) -> Owners | None:
    query = (
        select(OrganizationRow, AccountRow, CampaignRow, NumberPoolRow)
        .join(CampaignRow, CampaignRow.organization_id == OrganizationRow.id)
        .join(NumberPoolRow, NumberPoolRow.id == CampaignRow.number_pool_id)
        .join(AccountRow, AccountRow.id == NumberPoolRow.account_id)
        .where(CampaignRow.id == campaign_id, OrganizationRow.id == organization_id)
    )
    row = (await session.execute(query)).first()
    return None if row is None else Owners(*row)


async def standing(session: AsyncSession, campaign: CampaignRow) -> Standing:
    """Exact, over all leads of the campaign."""
    by_status = select(LeadRow.status, func.count()).where(LeadRow.campaign_id == campaign.id).group_by(LeadRow.status)
    counts: dict[str, int] = {row[0]: row[1] for row in await session.execute(by_status)}
    listed = exists().where(
        DoNotCallEntryRow.organization_id == campaign.organization_id,
        DoNotCallEntryRow.phone_number == ContactRow.phone_number,
    )
    refused = or_(ContactRow.do_not_call_at.is_not(None), listed)
    unasked = and_(literal(campaign.require_consent), LeadRow.consent.is_(None), ~refused)
    query = (
        select(func.count().filter(refused), func.count().filter(unasked))
        .select_from(LeadRow)
        .join(ContactRow, ContactRow.id == LeadRow.contact_id)
        .where(LeadRow.campaign_id == campaign.id, _WAITS)
    )
    do_not_call, consent_missing = (await session.execute(query)).one()
    return Standing(
        waiting=counts.get(LeadStatus.NEW, 0),
        in_progress=counts.get(LeadStatus.IN_PROGRESS, 0),
        done=counts.get(LeadStatus.DONE, 0),
        do_not_call=do_not_call,
        consent_missing=consent_missing,
    )


async def first_waiting(session: AsyncSession, campaign_id: UUID, limit: int) -> Sequence[UUID]:
    """Those whose turn comes first, as far as their rows say."""
    order = (LeadRow.called_ahead_at.asc().nulls_last(), LeadRow.priority, LeadRow.due_at.asc().nulls_last())
    return (await session.scalars(_waiting(campaign_id).order_by(*order, LeadRow.id).limit(limit))).all()


async def some_waiting(session: AsyncSession, campaign_id: UUID, limit: int) -> Sequence[UUID]:
    """Ids are random, so that the lowest of them are a fair sample, and the same one at each look."""
    return (await session.scalars(_waiting(campaign_id).order_by(LeadRow.id).limit(limit))).all()


def _waiting(campaign_id: UUID) -> Select[UUID]:
    return select(LeadRow.id).where(LeadRow.campaign_id == campaign_id, _WAITS)


async def in_context(session: AsyncSession, owners: Owners, lead_ids: Sequence[UUID]) -> Mapping[UUID, LeadWithContext]:
    """These leads with their attempts, unlocked."""
    query = select(LeadRow, ContactRow).join(ContactRow, ContactRow.id == LeadRow.contact_id)
    rows = (await session.execute(query.where(LeadRow.id.in_(lead_ids)))).all()
    attempts: defaultdict[UUID, list[AttemptRow]] = defaultdict(list)
    made = select(AttemptRow).where(AttemptRow.lead_id.in_(lead_ids)).order_by(AttemptRow.number)
    for attempt in await session.scalars(made.options(*LONG_COLUMNS)):
        attempts[attempt.lead_id].append(attempt)
    return {
        lead.id: LeadWithContext(
            owners.organization,
            owners.account,
            owners.campaign,
            owners.pool,
            pool_is_locked=False,
            contact=contact,
            lead=lead,
            attempts=attempts[lead.id],
        )
        for lead, contact in rows
    }


async def experience(session: AsyncSession, campaign: CampaignRow) -> Experience:
    """Of the campaign's own latest calls, else of the organisation's."""
    own = await _experience(session, AttemptRow.campaign_id == campaign.id)
    if own.calls:
        return own
    return await _experience(session, AttemptRow.organization_id == campaign.organization_id)


async def _experience(session: AsyncSession, whose: ColumnElement[bool]) -> Experience:
    latest = (
        select(AttemptRow)
        .where(whose, AttemptRow.counts.is_(True), AttemptRow.first_sent_at.is_not(None))
        .order_by(AttemptRow.created_at.desc())
        .limit(LAST_CALLS)
        .subquery()
    )
    answered = latest.c.outcome.in_(_ANSWERED)
    query = select(
        func.count(),
        func.avg(latest.c.slot_released_at - latest.c.first_sent_at),
        func.avg(latest.c.duration_ms).filter(answered),
        func.count().filter(answered),
        func.count(distinct(latest.c.lead_id)),
        func.avg(latest.c.cost_cents),
    )
    calls, occupied, talked_ms, answers, leads, cost = (await session.execute(query)).one()
    return Experience(
        calls=calls,
        occupied=occupied,
        talked=None if talked_ms is None else timedelta(milliseconds=float(talked_ms)),
        answered_share=answers / calls if calls else None,
        attempts_per_lead=calls / leads if leads else None,
        cost_cents=cost,
    )


_ANSWERED = (
    AttemptOutcome.ANSWERED,
    AttemptOutcome.VOICEMAIL,
    AttemptOutcome.OPTED_OUT,
    AttemptOutcome.CALLBACK_REQUESTED,
    AttemptOutcome.TRANSFERRED,
    AttemptOutcome.TRANSFER_CANCELLED,
)
"""Somebody or something picked up, which costs by the minute."""
