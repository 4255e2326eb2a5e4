"""What people read of the figures: sums of sums, a few rows each, of one organisation."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any, TypeAlias, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, false, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from domain.periods import Period
from domain.vocabulary import AttemptStatus
from storage.literals import written_out
from storage.models import AttemptRow, CallSumRow, CampaignRow, LeadRow, LeadSumRow
from storage.summing import NOBODY

Column: TypeAlias = ColumnElement[Any] | InstrumentedAttribute[Any]

_NOBODY = UUID(NOBODY)

Sums = TypeVar("Sums", bound="CallSums | HourSums | LeadSums")


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
class HourSums:
    """As in ``CallSums``. These few, for there are more sums of hours than of anything else."""

    calls: int = 0
    reached: int = 0
    succeeded: int = 0


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
    found = [(campaign_of(row.campaign_id), _sums(CallSums, row)) for row in rows]
    return [one for one in found if one[1] != CallSums()]


async def leads_by_campaign(session: AsyncSession, asked: Asked) -> Sequence[tuple[UUID, LeadSums]]:
    rows = await session.execute(_leads(asked, "source", [LeadSumRow.campaign_id]))
    return [(row.campaign_id, sums) for row in rows if (sums := _sums(LeadSums, row)) != LeadSums()]


async def calls_by_hour(session: AsyncSession, asked: Asked) -> Sequence[tuple[int, HourSums]]:
    """By the hour of the week on the lead's own clock, 0 is the first of Monday."""
    hour = CallSumRow.number
    rows = await session.execute(_summed(CallSumRow, HourSums, asked, "clock", [hour]).group_by(hour).order_by(hour))
    return [(row.number, sums) for row in rows if (sums := _sums(HourSums, row)).calls]


async def names_of_campaigns(session: AsyncSession, organization_id: UUID) -> dict[UUID, str]:
    query = select(CampaignRow.id, CampaignRow.name).where(CampaignRow.organization_id == organization_id)
    return {row.id: row.name for row in await session.execute(query)}


def _calls(asked: Asked, dimension: str, beside: Sequence[Column]) -> Select[Any]:
    return _summed(CallSumRow, CallSums, asked, dimension, beside).group_by(*beside)


def _leads(asked: Asked, dimension: str, beside: Sequence[Column]) -> Select[Any]:
    return _summed(LeadSumRow, LeadSums, asked, dimension, beside).group_by(*beside)


def _summed(
    table: type[CallSumRow | LeadSumRow],
    sums: type[CallSums | HourSums | LeadSums],
    asked: Asked,
    dimension: str,
    beside: Sequence[Column],
) -> Select[Any]:
    """Each sum under its own name."""
    added = [func.coalesce(func.sum(getattr(table, one.name)), 0).label(one.name) for one in fields(sums)]
    within = [
        and_(table.grain == span.grain, table.begins_at >= span.since, table.begins_at < span.until)
        for span in asked.period.spans()
    ]
    query = select(*beside, *added).where(
        table.organization_id == asked.organization_id, table.dimension == dimension, or_(false(), *within)
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


def campaign_of(campaign_id: UUID) -> UUID | None:
    return None if campaign_id == _NOBODY else campaign_id
