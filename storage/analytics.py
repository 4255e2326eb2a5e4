"""What people read of the figures: sums of sums, a few rows each, of one organisation."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeAlias, TypeVar
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, DateTime, Row, Select, and_, bindparam, func, literal_column, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from domain.periods import Period, Span
from domain.vocabulary import AttemptStatus
from storage.literals import written_out
from storage.models import AttemptRow, CallSumRow, CampaignRow, LeadRow, LeadSumRow
from storage.summing import NOBODY

Column: TypeAlias = ColumnElement[Any] | InstrumentedAttribute[Any]

_CAMPAIGN = CallSumRow.campaign_id

Sums = TypeVar("Sums", bound="CallSums | LeadSums | DaySums")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Whose figures, of when, and of which campaign; ``campaign_id`` of none is all."""

    organization_id: UUID
    period: Period
    campaign_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSums:
    """``calls`` are ours that count; ``refused`` ours that rang nowhere; costs and durations are of all."""

    calls: int = 0
    reached: int = 0
    succeeded: int = 0
    refused: int = 0
    inbound: int = 0
    inbound_reached: int = 0
    inbound_succeeded: int = 0
    duration_ms: int = 0
    talk_ms: int = 0
    cost_cents: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class DaySums:
    """What a day of a campaign came to. These few, for they are added up from its hours in most time zones."""

    calls: int = 0
    duration_ms: int = 0
    cost_cents: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadSums:
    """``attempts``: all that count, of these leads."""

    leads: int = 0
    called: int = 0
    reached: int = 0
    succeeded: int = 0
    attempts: int = 0


async def calls_in_all(session: AsyncSession, asked: Asked) -> CallSums:
    rows = await session.execute(_calls(asked, "source", []))
    return _sums(CallSums, rows.one())


async def leads_in_all(session: AsyncSession, asked: Asked) -> LeadSums:
    rows = await session.execute(_leads(asked, "source", []))
    return _sums(LeadSums, rows.one())


async def leads_by_outcome(session: AsyncSession, asked: Asked) -> Sequence[tuple[str, int]]:
    """An empty outcome: not done."""
    rows = await session.execute(_leads(asked, "outcome", [LeadSumRow.key]))
    return [(row.key, row.leads) for row in rows if row.leads]


async def leads_by_attempts_to_reach(session: AsyncSession, asked: Asked) -> Sequence[tuple[int, int]]:
    """How many leads were first reached by which attempt, in its order."""
    rows = await session.execute(_leads(asked, "reach", [LeadSumRow.number]).order_by(LeadSumRow.number))
    return [(row.number, row.leads) for row in rows if row.leads]


async def leads_in_progress(session: AsyncSession, asked: Asked) -> int:
    """Leads with a call that is being placed or live, right now; there are never more than calls may be live."""
    period = asked.period
    query = (
        select(func.count())
        .select_from(AttemptRow)
        .join(LeadRow, LeadRow.id == AttemptRow.lead_id)
        .where(
            # A literal: the planner must see that the index of open attempts holds what is asked for.
            AttemptRow.status != written_out(AttemptStatus.DONE),
            AttemptRow.organization_id == asked.organization_id,
            LeadRow.created_at >= period.since,
            LeadRow.created_at < period.until,
            LeadRow.outcome.is_(None),
        )
    )
    if asked.campaign_id is not None:
        query = query.where(AttemptRow.campaign_id == asked.campaign_id)
    return (await session.execute(query)).scalar_one()


async def calls_by_agent(session: AsyncSession, asked: Asked) -> Sequence[tuple[str | None, int | None, CallSums]]:
    """Agent and version, those with the most calls first."""
    by = [CallSumRow.key, CallSumRow.number]
    rows = await session.execute(_calls(asked, "agent", by).order_by(func.sum(CallSumRow.calls).desc(), *by))
    found = [(row.key or None, None if row.number < 0 else row.number, _sums(CallSums, row)) for row in rows]
    return [one for one in found if one[2] != CallSums()]


async def calls_by_source(session: AsyncSession, asked: Asked) -> Sequence[tuple[str, CallSums]]:
    """An empty source is none."""
    rows = await session.execute(_calls(asked, "source", [CallSumRow.key]))
    return [(row.key, sums) for row in rows if (sums := _sums(CallSums, row)) != CallSums()]


async def leads_by_source(session: AsyncSession, asked: Asked) -> Sequence[tuple[str, LeadSums]]:
    rows = await session.execute(_leads(asked, "source", [LeadSumRow.key]))
    return [(row.key, sums) for row in rows if (sums := _sums(LeadSums, row)) != LeadSums()]


async def calls_by_campaign(session: AsyncSession, asked: Asked) -> Sequence[tuple[UUID | None, CallSums]]:
    rows = await session.execute(_calls(asked, "source", [CallSumRow.campaign_id]))
    found = [(_campaign(row.campaign_id), _sums(CallSums, row)) for row in rows]
    return [one for one in found if one[1] != CallSums()]


async def leads_by_campaign(session: AsyncSession, asked: Asked) -> Sequence[tuple[UUID, LeadSums]]:
    rows = await session.execute(_leads(asked, "source", [LeadSumRow.campaign_id]))
    return [(row.campaign_id, sums) for row in rows if (sums := _sums(LeadSums, row)) != LeadSums()]


async def calls_by_hour(session: AsyncSession, asked: Asked) -> Sequence[tuple[int, CallSums]]:
    """By the hour of the week on the lead's own clock, 0 is the first of Monday."""
    rows = await session.execute(_calls(asked, "clock", [CallSumRow.number]).order_by(CallSumRow.number))
    return [(row.number, sums) for row in rows if (sums := _sums(CallSums, row)).calls]


async def calls_by_day(
    session: AsyncSession, asked: Asked, days: Sequence[tuple[date, datetime]]
) -> Sequence[tuple[date, UUID | None, DaySums]]:
    """By day and campaign, added up over agents: a campaign has few of them, and may have leads of many sources.

    Args:
        session: Any.
        asked: Of when and whose.
        days: With their first instants, all that the period touches; an hour of UTC is of the day in which it begins.
    """
    begins = [begin for _, begin in days]
    are_of_utc = all(begin.hour == begin.minute == 0 for begin in begins)
    spans = asked.period.spans() if are_of_utc else asked.period.hours()
    boundaries = bindparam("begins", begins, type_=ARRAY(DateTime(timezone=True)))
    place = func.width_bucket(CallSumRow.begins_at, boundaries).label("place")
    by: Sequence[Column] = (literal_column("place"), _CAMPAIGN)
    query = _summed(CallSumRow, DaySums, asked, "agent", [place, _CAMPAIGN], spans).group_by(*by).order_by(*by)
    rows = await session.execute(query)
    found = [(days[row.place - 1][0], _campaign(row.campaign_id), _sums(DaySums, row)) for row in rows]
    return [one for one in found if one[2] != DaySums()]


@dataclass(frozen=True, slots=True)
class CampaignMoney:
    """``spent_cents``: since its first call."""

    id: UUID
    name: str
    budget: Decimal | None
    spent_cents: Decimal


async def money_of_campaigns(session: AsyncSession, asked: Asked) -> Sequence[CampaignMoney]:
    """All campaigns that have a budget or ever cost something, by name."""
    spent = (
        select(CallSumRow.campaign_id, func.sum(CallSumRow.cost_cents).label("cents"))
        .where(
            CallSumRow.organization_id == asked.organization_id,
            CallSumRow.dimension == "source",
            CallSumRow.grain == "day",
        )
        .group_by(CallSumRow.campaign_id)
        .subquery()
    )
    cents = func.coalesce(spent.c.cents, 0)
    query = (
        select(CampaignRow.id, CampaignRow.name, CampaignRow.budget, cents)
        .outerjoin(spent, spent.c.campaign_id == CampaignRow.id)
        .where(CampaignRow.organization_id == asked.organization_id, or_(CampaignRow.budget.is_not(None), cents != 0))
        .order_by(CampaignRow.name)
    )
    if asked.campaign_id is not None:
        query = query.where(CampaignRow.id == asked.campaign_id)
    return [CampaignMoney(*row) for row in await session.execute(query)]


async def names_of_campaigns(session: AsyncSession, organization_id: UUID) -> dict[UUID, str]:
    query = select(CampaignRow.id, CampaignRow.name).where(CampaignRow.organization_id == organization_id)
    return {row.id: row.name for row in await session.execute(query)}


def _calls(asked: Asked, dimension: str, beside: Sequence[Column]) -> Select[Any]:
    return _summed(CallSumRow, CallSums, asked, dimension, beside, asked.period.spans()).group_by(*beside)


def _leads(asked: Asked, dimension: str, beside: Sequence[Column]) -> Select[Any]:
    return _summed(LeadSumRow, LeadSums, asked, dimension, beside, asked.period.spans()).group_by(*beside)


def _summed(
    table: type[CallSumRow | LeadSumRow],
    sums: type[CallSums | LeadSums | DaySums],
    asked: Asked,
    dimension: str,
    beside: Sequence[Column],
    spans: Sequence[Span],
) -> Select[Any]:
    """Each sum under its own name."""
    added = [func.coalesce(func.sum(getattr(table, one.name)), 0).label(one.name) for one in fields(sums)]
    within = [
        and_(table.grain == span.grain, table.begins_at >= span.since, table.begins_at < span.until) for span in spans
    ]
    query = select(*beside, *added).where(
        table.organization_id == asked.organization_id, table.dimension == dimension, or_(*within)
    )
    if asked.campaign_id is not None:
        query = query.where(table.campaign_id == asked.campaign_id)
    return query


def _sums(kind: type[Sums], row: Row[Any]) -> Sums:
    """What PostgreSQL adds up is a decimal; all but money is whole."""
    values: dict[str, Any] = {}
    for one in fields(kind):
        value = getattr(row, one.name)
        values[one.name] = value if one.name == "cost_cents" else int(value)
    return kind(**values)


def _campaign(campaign_id: UUID) -> UUID | None:
    return None if str(campaign_id) == NOBODY else campaign_id
