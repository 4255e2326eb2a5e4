"""What changes about calls, as it is read by those who listen.

Triggers write it in the transaction that changes a call (migrations ``2026_11_25_live_calls`` and, for those that came
in, ``2026_11_28_inbound_whole``).
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
    SelectBase,
    Text,
    bindparam,
    cast,
    delete,
    func,
    literal_column,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import UserDefinedType
from typing_extensions import override

from domain.vocabulary import AttemptStatus
from storage.literals import written_out
from storage.live_calls import Interest
from storage.live_cursor import LiveCursor
from storage.looks import Look, Via
from storage.models import AttemptRow, InboundCallRow, LiveEventRow

CHANNEL = "leadline_live"

RESUMABLE = timedelta(minutes=10)
RETAINED = timedelta(minutes=15)
"""Longer than is promised: an event is noted before it is committed, and a transaction may take a minute."""

# A literal: the planner must see that the partial index of open calls holds what is asked for.
_DONE = written_out(AttemptStatus.DONE)

# Any number that nothing else here uses: one process at a time deletes.
ADVISORY_LOCK = 0x1EAD_11FE


@dataclass(frozen=True, slots=True)
class Changes:
    """``kinds``: of each call that changed, whoever rang whom, in which ways (``call``, ``transcript``, ``flag``).

    ``cursor``: where to read on.
    """

    cursor: LiveCursor
    kinds: Mapping[UUID, Collection[str]]


@dataclass(frozen=True, slots=True)
class LiveNow:
    """The attempts that hold a slot and the calls that came in and go on, the oldest first, as of the cursor."""

    cursor: LiveCursor
    call_ids: Sequence[UUID]


async def where_we_are(session: AsyncSession) -> LiveCursor:
    """A cursor behind everything that is committed by now."""
    nothing = select(LiveEventRow.kind).where(literal_column("false"))
    return _cursor((await session.execute(_as_of_now(nothing))).one())


async def changes_since(session: AsyncSession, cursor: LiveCursor, organization_ids: Collection[UUID]) -> Changes:
    """What was committed in these organisations and the cursor doesn't know, in the order in which it was noted."""
    transaction = cast(cast(LiveEventRow.transaction, Text), _XID8)
    conditions = [
        LiveEventRow.organization_id.in_(organization_ids),
        LiveEventRow.transaction >= cursor.begin,
        ~func.pg_visible_in_snapshot(transaction, cast(cast(cursor.snapshot, Text), _PG_SNAPSHOT)),
    ]
    call_id = func.coalesce(LiveEventRow.attempt_id, LiveEventRow.inbound_call_id).label("call")
    noted = select(call_id, LiveEventRow.kind, LiveEventRow.id.label("place")).where(*conditions)
    rows = (await session.execute(_as_of_now(noted, "place"))).all()
    kinds: defaultdict[UUID, set[str]] = defaultdict(set)
    for row in rows:
        if row.call is not None:
            kinds[row.call].add(row.kind)
    return Changes(_cursor(rows[0]), kinds)


async def live_now(session: AsyncSession, interest: Interest) -> LiveNow:
    """A call that came in and has ended, or was settled without its end, isn't live any more."""
    goes_on = (InboundCallRow.ended_at.is_(None), InboundCallRow.status != _DONE)
    live = union_all(
        select(AttemptRow.id.label("call"), AttemptRow.created_at).where(
            *interest.conditions(AttemptRow), AttemptRow.slot_released_at.is_(None)
        ),
        select(InboundCallRow.id, InboundCallRow.created_at).where(*interest.conditions(InboundCallRow), *goes_on),
    )
    rows = (await session.execute(_as_of_now(live, "created_at", "call"))).all()
    return LiveNow(_cursor(rows[0]), [row.call for row in rows if row.call is not None])


async def announce(via: Via, organization_ids: Collection[UUID]) -> None:
    """Tell all processes that something changed in these organisations; it goes out when the caller commits,
    or at once where each statement stands alone.

    That commit doesn't wait for the disk: it holds a lock for which all others wait that notify, and nothing in it
    could be lost.
    """
    await _WORDS.rows(via, organizations=[str(one) for one in organization_ids])


async def prune(session: AsyncSession) -> int:
    """Delete what nobody may resume from any more, and say how much that was; 0 while another process does."""
    if not await session.scalar(select(func.pg_try_advisory_xact_lock(ADVISORY_LOCK))):
        return 0
    old = delete(LiveEventRow).where(LiveEventRow.noted_at < func.clock_timestamp() - RETAINED)
    gone = old.returning(LiveEventRow.id).cte("gone")
    return await session.scalar(select(func.count()).select_from(gone)) or 0


def _as_of_now(found: SelectBase, *order: str) -> Select[Any]:
    """One statement, so that the cursor is the very snapshot by which the rows are read. There is always a row."""
    always = select(literal_column("1")).subquery("always")
    rows = found.subquery("found")
    query = select(_TAKEN_AT, _SNAPSHOT, *rows.c).select_from(always.outerjoin(rows, true()))
    return query.order_by(*(rows.c[name] for name in order))


class _OwnType(UserDefinedType[str]):
    """One of PostgreSQL's that SQLAlchemy doesn't know."""

    cache_ok = True

    def __init__(self, name: str) -> None:
        self.name = name

    @override
    def get_col_spec(self, **options: object) -> str:
        return self.name


_XID8, _PG_SNAPSHOT = _OwnType("xid8"), _OwnType("pg_snapshot")
_ORGANIZATIONS = func.unnest(bindparam("organizations", type_=ARRAY(Text()))).table_valued("id").render_derived()
_WORDS = Look(
    select(
        func.set_config("synchronous_commit", "off", literal_column("true")),
        func.pg_notify(CHANNEL, _ORGANIZATIONS.c.id),
    )
)

_TAKEN_AT: ColumnElement[int] = literal_column("extract(epoch from statement_timestamp())::bigint").label("taken_at")
_SNAPSHOT: ColumnElement[str] = literal_column("pg_current_snapshot()::text").label("snapshot")


def _cursor(row: Row[Any]) -> LiveCursor:
    return LiveCursor.of(row.taken_at, row.snapshot)
