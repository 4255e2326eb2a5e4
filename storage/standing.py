"""How an organisation stands now: what it calls for and through, who is due, and how many calls are live under each.

Nothing is counted to its end that can be long: of those who are due so many at most in each campaign and priority, and
of calls those of a day.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    FromClause,
    Select,
    case,
    exists,
    func,
    or_,
    select,
    true,
)
from sqlalchemy.ext.asyncio import AsyncSession

from domain.vocabulary import AttemptStatus, CampaignStatus, LeadStatus
from storage.budgets import seems_used_up
from storage.literals import written_out
from storage.models import (
    AccountRow,
    AttemptRow,
    CallerIdRow,
    CallFactRow,
    CampaignRow,
    InboundCallRow,
    LeadRow,
    NumberPoolRow,
)
from storage.pilots import is_pilot_over
from storage.turns import every_priority

MOST_SHOWN = 50
"""Of each kind: of campaigns the running ones first, then the newest."""

MOST_COUNTED = 500
"""Due leads of one campaign and priority."""

# Literals: the planner must see that the partial indexes hold what is asked for.
_NEW = written_out(LeadStatus.NEW)
_DONE = written_out(AttemptStatus.DONE)

_SHOWN = (CampaignStatus.RUNNING, CampaignStatus.PAUSED, CampaignStatus.DRAFT)


class CampaignSeen(NamedTuple):
    campaign: CampaignRow
    pool: NumberPoolRow
    account: AccountRow
    is_pilot_over: bool
    is_budget_used_up: bool


class PoolSeen(NamedTuple):
    pool: NumberPoolRow
    has_numbers: bool


@dataclass(frozen=True, slots=True)
class DueLeads:
    """``is_cut``: there are more. ``next_at``: when the next lead comes due that isn't yet."""

    count: int = 0
    is_cut: bool = False
    next_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LiveNow:
    """``under``: slots that are held, by the id of the account, number pool or campaign; ``inbound``: who rings in."""

    outbound: int
    inbound: int
    under: Mapping[UUID, int]


class CallsOfADay(NamedTuple):
    """How many settled calls came to the same; ``counts`` is false where certainly nothing rang."""

    outcome: str
    is_inbound: bool
    counts: bool
    calls: int


async def campaigns_seen(session: AsyncSession, organization_id: UUID) -> Sequence[CampaignSeen]:
    """One more than ``MOST_SHOWN`` where there are more; finished and archived ones aren't among them."""
    rank = case({status: place for place, status in enumerate(_SHOWN)}, value=CampaignRow.status)
    query = (
        select(CampaignRow, NumberPoolRow, AccountRow, is_pilot_over(), seems_used_up())
        .join(NumberPoolRow, NumberPoolRow.id == CampaignRow.number_pool_id)
        .join(AccountRow, AccountRow.id == NumberPoolRow.account_id)
        .where(CampaignRow.organization_id == organization_id, CampaignRow.status.in_(_SHOWN))
        .order_by(rank, CampaignRow.created_at.desc(), CampaignRow.id)
        .limit(MOST_SHOWN + 1)
    )
    return [CampaignSeen(*row) for row in await session.execute(query)]


async def pools_seen(session: AsyncSession, organization_id: UUID) -> Sequence[PoolSeen]:
    """One more than ``MOST_SHOWN`` where there are more, the newest first."""
    has_numbers = exists().where(CallerIdRow.number_pool_id == NumberPoolRow.id)
    query = select(NumberPoolRow, has_numbers).where(NumberPoolRow.organization_id == organization_id)
    query = query.order_by(NumberPoolRow.created_at.desc(), NumberPoolRow.id).limit(MOST_SHOWN + 1)
    return [PoolSeen(*row) for row in await session.execute(query)]


async def accounts_seen(session: AsyncSession, organization_id: UUID) -> Sequence[AccountRow]:
    """One more than ``MOST_SHOWN`` where there are more, the newest first."""
    query = select(AccountRow).where(AccountRow.organization_id == organization_id)
    query = query.order_by(AccountRow.created_at.desc(), AccountRow.id).limit(MOST_SHOWN + 1)
    return (await session.scalars(query)).all()


async def due_leads(session: AsyncSession, campaign_ids: Collection[UUID], now: datetime) -> Mapping[UUID, DueLeads]:
    """Of each of these campaigns; whether anything holds it up isn't asked."""
    counts: defaultdict[UUID, list[Any]] = defaultdict(list)
    for row in await session.execute(due_counts(campaign_ids, now)):
        counts[row.id].append(row)
    nexts = {row.id: row.next_at for row in await session.execute(next_dues(campaign_ids, now))}
    return {
        campaign_id: DueLeads(
            count=sum(min(row.due, MOST_COUNTED) for row in counts[campaign_id]),
            is_cut=any(row.seen > MOST_COUNTED for row in counts[campaign_id]),
            next_at=nexts.get(campaign_id),
        )
        for campaign_id in campaign_ids
    }


async def live_now(session: AsyncSession, organization_id: UUID) -> LiveNow:
    """Never more rows than calls may be live at once."""
    owners = (AttemptRow.campaign_id, AttemptRow.number_pool_id, AttemptRow.account_id)
    held = (
        select(*owners, func.count().label("slots"))
        .where(AttemptRow.organization_id == organization_id, AttemptRow.slot_released_at.is_(None))
        .group_by(*owners)
    )
    rings_in = select(func.count()).where(
        InboundCallRow.organization_id == organization_id,
        InboundCallRow.status != _DONE,
        InboundCallRow.ended_at.is_(None),
    )
    rows = (await session.execute(held)).all()
    under: Counter[UUID] = Counter()
    for row in rows:
        for owner in (row.campaign_id, row.number_pool_id, row.account_id):
            under[owner] += row.slots
    return LiveNow(sum(row.slots for row in rows), await session.scalar(rings_in) or 0, under)


async def calls_since(session: AsyncSession, organization_id: UUID, since: datetime) -> Sequence[CallsOfADay]:
    """Of those that began then or later, as far as they are in the figures (``analytics_marks.read_progress``)."""
    return [CallsOfADay(*row) for row in await session.execute(outcomes_since(organization_id, since))]


def outcomes_since(organization_id: UUID, since: datetime) -> Select[str, bool, bool, int]:
    alike = (CallFactRow.outcome, CallFactRow.is_inbound, CallFactRow.counts)
    query = select(*alike, func.count()).group_by(*alike)
    return query.where(CallFactRow.organization_id == organization_id, CallFactRow.started_at >= since)


def due_counts(campaign_ids: Collection[UUID], now: datetime) -> Select[UUID, int, int]:
    """By campaign and priority. Those that came due last are looked at: hours that ended lie with the older ones."""
    leads = _of_each_priority(
        select(LeadRow.open_until), LeadRow.due_at <= now, LeadRow.due_at.desc(), MOST_COUNTED + 1
    )
    is_open = or_(leads.first.c.open_until.is_(None), leads.first.c.open_until > now)
    seen, due = func.count().label("seen"), func.count().filter(is_open).label("due")
    query = select(CampaignRow.id, seen, due).select_from(leads.every).where(CampaignRow.id.in_(campaign_ids))
    return query.group_by(CampaignRow.id, leads.priority)


def next_dues(campaign_ids: Collection[UUID], now: datetime) -> Select[UUID, Any]:
    """Of each campaign the instant at which its next lead comes due."""
    leads = _of_each_priority(select(LeadRow.due_at), LeadRow.due_at > now, LeadRow.due_at, 1)
    query = select(CampaignRow.id, func.min(leads.first.c.due_at).label("next_at")).select_from(leads.every)
    return query.where(CampaignRow.id.in_(campaign_ids)).group_by(CampaignRow.id)


class _Leads(NamedTuple):
    every: FromClause
    first: FromClause
    priority: Any


def _of_each_priority(query: Select[Any], condition: Any, order: Any, at_most: int) -> _Leads:  # noqa: ANN401
    """The first of each campaign and priority: with both named, they are one range of an index."""
    priorities = every_priority()
    first = (
        query.where(
            LeadRow.campaign_id == CampaignRow.id,
            LeadRow.priority == priorities.c.priority,
            LeadRow.status == _NEW,
            condition,
        )
        .order_by(order)
        .limit(at_most)
        .lateral("first_leads")
    )
    every = CampaignRow.__table__.join(priorities, true()).join(first, true())
    return _Leads(every, first, priorities.c.priority)
