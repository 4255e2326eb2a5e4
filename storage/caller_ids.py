"""Which of a pool's numbers a call goes out from."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Date,
    DateTime,
    Select,
    Text,
    Uuid,
    and_,
    any_,
    bindparam,
    case,
    func,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from domain.local_presence import PREFIX_LENGTH, area_prefix, region_prefixes
from storage.looks import Look, Via
from storage.models import CallerIdRow, NumberPoolRow
from storage.rows_read import RowsOf, write_pending


async def choose_caller_id(
    session: AsyncSession, number_pool_id: UUID, to_number: str, now: datetime
) -> CallerIdRow | None:
    """The number for a call to ``to_number`` that leaves at ``now``; None when none may be used.

    One of the same area code goes first, then one of the same state or province; of several the least recently used.
    Callers hold the pool's lock.
    """
    await write_pending(session)
    row = await _CHOICE.first(
        session,
        number_pool_id=number_pool_id,
        area=area_prefix(to_number),
        region=list(region_prefixes(to_number)),
        **day_of(now),
    )
    return None if row is None else _NUMBERS.known_to(session, row)


@dataclass(frozen=True, slots=True)
class NumberUse:
    """What a number's row says once another call goes out from it; its columns by name."""

    id: UUID
    used_on: date
    used_count: int
    last_used_at: datetime


def use_of(caller_id: CallerIdRow, leaves_at: datetime) -> NumberUse:
    """Count a call that leaves at ``leaves_at`` towards the number's day, by UTC."""
    day = leaves_at.astimezone(UTC).date()
    count = caller_id.used_count + 1 if caller_id.used_on == day else 1
    return NumberUse(caller_id.id, day, count, leaves_at)


async def rest(session: AsyncSession, number_pool_id: UUID, phone_number: str, until: datetime) -> UUID | None:
    """Let no call go out from the number before ``until``; a longer rest stays. None when the pool has it no more.

    Callers hold the pool's lock.
    """
    statement = (
        update(CallerIdRow)
        .where(CallerIdRow.number_pool_id == number_pool_id, CallerIdRow.phone_number == phone_number)
        .values(resting_until=func.greatest(CallerIdRow.resting_until, until))
        .returning(CallerIdRow.id)
    )
    return await session.scalar(statement)


async def free_again_at(via: Via, number_pool_id: UUID, at: datetime) -> datetime | None:
    """When a number of the pool may be used again; None when one may be used at ``at``, or there is none at all."""
    earliest: datetime | None = await _FREE_AGAIN.value(via, number_pool_id=number_pool_id, **day_of(at))
    return None if earliest is None or earliest <= at else earliest


def day_of(at: datetime) -> dict[str, date | datetime]:
    """What ``earliest_use`` wants to be given of the instant for which it is asked."""
    day = at.astimezone(UTC).date()
    return {"at": at, "day": day, "midnight": datetime.combine(day + timedelta(days=1), time(), UTC)}


def _usable_from() -> ColumnElement[datetime]:
    """In a query of numbers and their pool, given ``day_of``: from when on each has rested and has calls left."""
    instant = bindparam("at", type_=DateTime(timezone=True))
    is_spent = and_(
        CallerIdRow.used_on == bindparam("day", type_=Date()),
        CallerIdRow.used_count >= NumberPoolRow.max_calls_per_number_per_day,
    )
    has_calls_from = case((is_spent, bindparam("midnight", type_=DateTime(timezone=True))), else_=instant)
    return func.greatest(func.coalesce(CallerIdRow.resting_until, instant), has_calls_from)


def earliest_use() -> Select[Any]:
    """A query, given ``number_pool_id`` and ``day_of``: when the first of the pool's numbers may be used."""
    return select(func.min(_usable_from())).join(NumberPoolRow, _IS_OF_POOL).where(_OF_POOL).correlate(None)


def _choice() -> Select[Any]:
    prefix = func.left(CallerIdRow.phone_number, PREFIX_LENGTH)
    is_of_region = prefix == any_(bindparam("region", type_=ARRAY(Text)))
    strangeness = case((prefix == bindparam("area", type_=Text()), 0), (is_of_region, 1), else_=2)
    return (
        select(*_NUMBERS.columns)
        .join(NumberPoolRow, _IS_OF_POOL)
        .where(_OF_POOL, _usable_from() <= bindparam("at", type_=DateTime(timezone=True)))
        .order_by(strangeness, CallerIdRow.last_used_at.asc().nulls_first(), CallerIdRow.position)
        .limit(1)
    )


_OF_POOL = NumberPoolRow.id == bindparam("number_pool_id", type_=Uuid())
_IS_OF_POOL = NumberPoolRow.id == CallerIdRow.number_pool_id

_NUMBERS = RowsOf(CallerIdRow)

# Made once: every grant needs them.
_FREE_AGAIN = Look(earliest_use())
_CHOICE = Look(_choice())
