"""What calls cost, by day and campaign, and what campaigns have spent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, Uuid, bindparam, func, or_, select, text

from domain.periods import zone_days
from storage.analytics import Asked, campaign_of
from storage.looks import Look, Via, is_given
from storage.models import CallSumRow, CampaignRow


class DayCosts(NamedTuple):
    """What a day of a campaign came to; without a campaign, what calls came to that belong to none."""

    day: date
    campaign_id: UUID | None
    calls: int
    duration_ms: int
    cost_cents: Decimal


@dataclass(frozen=True, slots=True)
class CampaignMoney:
    """``spent_cents``: since its first call."""

    id: UUID
    name: str
    budget: Decimal | None
    spent_cents: Decimal


async def costs_by_day(via: Via, asked: Asked, days: Sequence[tuple[date, datetime]]) -> Sequence[DayCosts]:
    """By day and campaign, added up over agents: a campaign has few of them, and may have leads of many sources.

    Args:
        via: Any.
        asked: Of when and whose.
        days: With their first instants, all that the period touches; an hour of UTC is of the day in which it begins.
    """
    period, parts = asked.period, zone_days(asked.period, [begin for _, begin in days])
    whole = period.whole_days()
    rows = await _by_day(of_one=asked.campaign_id is not None).rows(
        via,
        **_whose(asked),
        begins=parts.begins,
        midnights=parts.midnights,
        moved=parts.moved,
        since=period.since,
        first_day=whole.since,
        last_day=whole.until,
        until=period.until,
    )
    return [DayCosts(days[place - 1][0], campaign_of(campaign_id), *sums) for place, campaign_id, *sums in rows]


async def money_of_campaigns(via: Via, asked: Asked) -> Sequence[CampaignMoney]:
    """All campaigns that have a budget or ever cost something, by name."""
    rows = await _money(of_one=asked.campaign_id is not None).rows(via, **_whose(asked))
    return [CampaignMoney(*row) for row in rows]


def _whose(asked: Asked) -> dict[str, object]:
    whose: dict[str, object] = {"organization_id": asked.organization_id}
    return whose if asked.campaign_id is None else {**whose, "campaign_id": asked.campaign_id}


@cache
def _by_day(*, of_one: bool) -> Look:
    """``of_one``: of one campaign."""
    owners = ("organization_id", "campaign_id") if of_one else ("organization_id",)
    is_asked_for = " and ".join(["dimension = 'agent'", *(f"{name} = :{name}" for name in owners)])
    statement = _BY_DAY.format(is_asked_for=is_asked_for)
    instants = ("begins", "midnights", "moved")
    times = ("since", "first_day", "last_day", "until")
    return Look(
        text(statement).bindparams(
            *(bindparam(name, type_=Uuid()) for name in owners),
            *(bindparam(name, type_=ARRAY(DateTime(timezone=True))) for name in instants),
            *(bindparam(name, type_=DateTime(timezone=True)) for name in times),
        )
    )


@cache
def _money(*, of_one: bool) -> Look:
    is_asked_for = [
        is_given(CallSumRow.organization_id, "organization_id"),
        CallSumRow.dimension == "agent",
        CallSumRow.grain == "day",
    ]
    spent = select(CallSumRow.campaign_id, func.sum(CallSumRow.cost_cents).label("cents")).where(*is_asked_for)
    if of_one:
        spent = spent.where(is_given(CallSumRow.campaign_id, "campaign_id"))
    of_campaign = spent.group_by(CallSumRow.campaign_id).subquery()
    cents = func.coalesce(of_campaign.c.cents, 0)
    query = (
        select(CampaignRow.id, CampaignRow.name, CampaignRow.budget, cents)
        .outerjoin(of_campaign, of_campaign.c.campaign_id == CampaignRow.id)
        .where(is_given(CampaignRow.organization_id, "organization_id"))
        .where(or_(CampaignRow.budget.is_not(None), cents != 0))
        .order_by(CampaignRow.name)
    )
    return Look(query.where(is_given(CampaignRow.id, "campaign_id")) if of_one else query)


_BY_DAY = """
with moved as materialized (
    select begins_at, campaign_id, calls, duration_ms, cost_cents from call_sums
    where {is_asked_for} and grain = 'hour' and begins_at = any(:moved)
), parts as (
    select width_bucket(begins_at, :begins) as place, campaign_id, calls, duration_ms, cost_cents from call_sums
    where {is_asked_for} and grain = 'hour'
        and (begins_at >= :since and begins_at < :first_day or begins_at >= :last_day and begins_at < :until)
    union all
    select width_bucket(begins_at, :midnights), campaign_id, calls, duration_ms, cost_cents from call_sums
    where {is_asked_for} and grain = 'day' and begins_at >= :first_day and begins_at < :last_day
    union all
    select width_bucket(begins_at, :begins), campaign_id, calls, duration_ms, cost_cents from moved
    union all
    select width_bucket(begins_at, :midnights), campaign_id, -calls, -duration_ms, -cost_cents from moved
)
select place, campaign_id, sum(calls)::bigint, sum(duration_ms)::bigint, sum(cost_cents) from parts
group by place, campaign_id having sum(calls) <> 0 or sum(duration_ms) <> 0 or sum(cost_cents) <> 0
order by place, campaign_id
"""
