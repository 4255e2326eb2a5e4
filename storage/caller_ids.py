"""Which of a pool's numbers a call goes out from."""

from datetime import UTC, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Date, DateTime, and_, case, cast, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.local_presence import PREFIX_LENGTH, area_prefix, region_prefixes
from storage.models import CallerIdRow, NumberPoolRow


async def choose_caller_id(
    session: AsyncSession, number_pool_id: UUID, to_number: str, now: datetime
) -> CallerIdRow | None:
    """The number for a call to ``to_number`` that leaves at ``now``; None when none may be used.

    One of the same area code goes first, then one of the same state or province; of several the least recently used.
    Callers hold the pool's lock.
    """
    query = (
        select(CallerIdRow)
        .join(NumberPoolRow, NumberPoolRow.id == CallerIdRow.number_pool_id)
        .where(NumberPoolRow.id == number_pool_id, _usable_from(now) <= now)
        .order_by(_strangeness(to_number), CallerIdRow.last_used_at.asc().nulls_first(), CallerIdRow.position)
        .limit(1)
    )
    return await session.scalar(query)


def note_use(caller_id: CallerIdRow, leaves_at: datetime) -> None:
    """Count a call that leaves at ``leaves_at`` towards the number's day, by UTC."""
    day = leaves_at.astimezone(UTC).date()
    caller_id.used_count = caller_id.used_count + 1 if caller_id.used_on == day else 1
    caller_id.used_on = day
    caller_id.last_used_at = leaves_at


async def free_again_at(session: AsyncSession, number_pool_id: UUID, at: datetime) -> datetime | None:
    """When a number of the pool may be used again; None when one may be used at ``at``, or there is none at all."""
    query = (
        select(func.min(_usable_from(at)))
        .join(NumberPoolRow, NumberPoolRow.id == CallerIdRow.number_pool_id)
        .where(NumberPoolRow.id == number_pool_id)
    )
    earliest = await session.scalar(query)
    return None if earliest is None or earliest <= at else earliest


def _usable_from(at: datetime) -> ColumnElement[datetime]:
    """In a query of numbers and their pool: from when on each has rested and has calls left, ``at`` or later."""
    day = at.astimezone(UTC).date()
    midnight = datetime.combine(day + timedelta(days=1), time(), UTC)
    instant = cast(literal(at), DateTime(timezone=True))
    per_day = NumberPoolRow.max_calls_per_number_per_day
    is_spent = and_(CallerIdRow.used_on == cast(literal(day), Date), CallerIdRow.used_count >= per_day)
    has_calls_from = case((is_spent, cast(literal(midnight), DateTime(timezone=True))), else_=instant)
    return func.greatest(func.coalesce(CallerIdRow.resting_until, instant), has_calls_from)


def _strangeness(to_number: str) -> ColumnElement[int]:
    prefix = func.left(CallerIdRow.phone_number, PREFIX_LENGTH)
    return case((prefix == area_prefix(to_number), 0), (prefix.in_(region_prefixes(to_number)), 1), else_=2)
