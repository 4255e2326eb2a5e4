"""Marks of what the figures don't hold yet as it stands, and how far they are.

Triggers write them (migration ``2026_11_28_analytics``). Whoever takes marks deletes them in the transaction that
counts what they name: a mark that is gone was counted, and one whose change isn't committed yet can't be seen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from storage.models import AnalyticsProgressRow

# Any number that nothing else here uses: one process at a time counts.
ADVISORY_LOCK = 0x1EAD_A7A1


@dataclass(frozen=True, slots=True)
class Marked:
    """``count``: marks that were taken, of which several may name the same."""

    count: int
    calls: Sequence[UUID]
    leads: Sequence[UUID]
    campaigns: Sequence[UUID]


async def take_turn(session: AsyncSession) -> bool:
    """Whether nobody else counts; nobody else does then until the transaction ends."""
    return bool(await session.scalar(select(func.pg_try_advisory_xact_lock(ADVISORY_LOCK))))


async def database_now(session: AsyncSession) -> datetime:
    """What was committed before it is seen by the session's next statement."""
    now: datetime = (await session.execute(select(func.clock_timestamp()))).scalar_one()
    return now


async def take_marks(session: AsyncSession, *, limit: int) -> Marked:
    """Delete the oldest marks, and say what they name."""
    rows = (await session.execute(_TAKE, {"limit": limit})).all()
    named: Mapping[str, Sequence[UUID]] = {row.kind: row.targets for row in rows}
    of = [named.get(kind, ()) for kind in ("call", "lead", "campaign")]
    return Marked(sum(row.marks for row in rows), *of)


async def note_progress(session: AsyncSession, caught_up_at: datetime) -> None:
    """Write how far the figures are, of somebody who saw all marks up to this instant and took some of them."""
    await session.execute(_NOTE_PROGRESS, {"caught_up_at": caught_up_at})


async def read_progress(session: AsyncSession) -> datetime | None:
    """Everything that was committed before is in the figures; None: nothing was ever counted."""
    as_of: datetime | None = await session.scalar(select(AnalyticsProgressRow.as_of))
    return as_of


_TAKE = text("""
with taken as (
    delete from analytics_marks
    where id in (select id from analytics_marks order by id limit :limit)
    returning kind, target_id
)
select kind, array_agg(distinct target_id) as targets, count(*) as marks from taken group by kind
""")

# Numbers are given out before the commit, so one that is left over may be older than those that were taken; it is
# as old as it says, for it was noted before it was committed.
_NOTE_PROGRESS = text("""
insert into analytics_progress (id, as_of)
values (1, least(:caught_up_at, (select noted_at from analytics_marks order by id limit 1)))
on conflict (id) do update set as_of = excluded.as_of
""")
