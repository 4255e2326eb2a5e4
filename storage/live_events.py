"""What changes about calls, as it is read by those who listen.

Triggers write it in the transaction that changes an attempt (migration ``2026_11_25_live_calls``).
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    Text,
    and_,
    bindparam,
    cast,
    delete,
    func,
    literal_column,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import UserDefinedType
from typing_extensions import override

from storage.live_calls import Interest
from storage.live_cursor import LiveCursor
from storage.models import AttemptRow, LiveEventRow

CHANNEL = "leadline_live"

RESUMABLE = timedelta(minutes=10)
RETAINED = timedelta(minutes=15)
"""Longer than is promised: an event is noted before it is committed, and a transaction may take a minute."""

# Any number that nothing else here uses: one process at a time deletes.
ADVISORY_LOCK = 0x1EAD_11FE


@dataclass(frozen=True, slots=True)
class Changes:
    """``kinds``: of each attempt that changed, in which ways (``call``, ``transcript``, ``flag``).

    ``cursor``: where to read on.
    """

    cursor: LiveCursor
    kinds: Mapping[UUID, Collection[str]]


@dataclass(frozen=True, slots=True)
class LiveNow:
    """The attempts that hold a slot, the oldest first, as of the cursor."""

    cursor: LiveCursor
    attempt_ids: Sequence[UUID]


async def where_we_are(session: AsyncSession) -> LiveCursor:
    """A cursor behind everything that is committed by now."""
    return _cursor((await session.execute(_as_of_now(LiveEventRow.kind, [literal_column("false")]))).one())


async def changes_since(session: AsyncSession, cursor: LiveCursor, organization_ids: Collection[UUID]) -> Changes:
    """What was committed in these organisations and the cursor doesn't know, in the order in which it was noted."""
    transaction = cast(cast(LiveEventRow.transaction, Text), _XID8)
    conditions = [
        LiveEventRow.organization_id.in_(organization_ids),
        LiveEventRow.transaction >= cursor.begin,
        ~func.pg_visible_in_snapshot(transaction, cast(cast(cursor.snapshot, Text), _PG_SNAPSHOT)),
    ]
    query = _as_of_now(LiveEventRow.attempt_id, conditions).add_columns(LiveEventRow.kind).order_by(LiveEventRow.id)
    rows = (await session.execute(query)).all()
    kinds: defaultdict[UUID, set[str]] = defaultdict(set)
    for row in rows:
        if row.attempt_id is not None:
            kinds[row.attempt_id].add(row.kind)
    return Changes(_cursor(rows[0]), kinds)


async def live_now(session: AsyncSession, interest: Interest) -> LiveNow:
    query = _as_of_now(AttemptRow.id, [*interest.conditions(), AttemptRow.slot_released_at.is_(None)])
    rows = (await session.execute(query.order_by(AttemptRow.created_at, AttemptRow.id))).all()
    return LiveNow(_cursor(rows[0]), [row.id for row in rows if row.id is not None])


async def announce(session: AsyncSession, organization_ids: Collection[UUID]) -> None:
    """Tell all processes that something changed in these organisations; it goes out when the caller commits,
    or at once where each statement stands alone.

    That commit doesn't wait for the disk: it holds a lock for which all others wait that notify, and nothing in it
    could be lost.
    """
    organizations = func.unnest(bindparam("organizations", [str(one) for one in organization_ids], ARRAY(Text())))
    words = organizations.table_valued("organization").render_derived()
    said = func.pg_notify(CHANNEL, words.c.organization)
    await session.execute(select(func.set_config("synchronous_commit", "off", literal_column("true")), said))


async def prune(session: AsyncSession) -> int:
    """Delete what nobody may resume from any more, and say how much that was; 0 while another process does."""
    if not await session.scalar(select(func.pg_try_advisory_xact_lock(ADVISORY_LOCK))):
        return 0
    old = delete(LiveEventRow).where(LiveEventRow.noted_at < func.clock_timestamp() - RETAINED)
    gone = old.returning(LiveEventRow.id).cte("gone")
    return await session.scalar(select(func.count()).select_from(gone)) or 0


def _as_of_now(column: Any, conditions: Sequence[ColumnElement[Any]]) -> Select[Any]:  # noqa: ANN401  (of any table)
    """One statement, so that the cursor is the very snapshot by which the rows are read. There is always a row."""
    always = select(literal_column("1")).subquery("always")
    found = always.outerjoin(column.class_, and_(true(), *conditions))
    return select(_TAKEN_AT, _SNAPSHOT, column).select_from(found)


class _OwnType(UserDefinedType[str]):
    """One of PostgreSQL's that SQLAlchemy doesn't know."""

    cache_ok = True

    def __init__(self, name: str) -> None:
        self.name = name

    @override
    def get_col_spec(self, **options: object) -> str:
        return self.name


_XID8, _PG_SNAPSHOT = _OwnType("xid8"), _OwnType("pg_snapshot")
_TAKEN_AT: ColumnElement[int] = literal_column("extract(epoch from statement_timestamp())::bigint").label("taken_at")
_SNAPSHOT: ColumnElement[str] = literal_column("pg_current_snapshot()::text").label("snapshot")


def _cursor(row: Row[Any]) -> LiveCursor:
    return LiveCursor.of(row.taken_at, row.snapshot)
