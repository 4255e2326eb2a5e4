"""One stream of server-sent events: how things stand, or what was missed; then whatever changes."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog
from fastapi.sse import ServerSentEvent
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from api.database_away import DATABASE_ERRORS
from api.live_listener import Listener, Parcel
from api.live_telling import flags_shown, shown
from api.schemas.live import Begin
from storage.live_calls import Interest, LiveCall, live_calls
from storage.live_cursor import LiveCursor, UnknownCursor, read_cursor
from storage.live_events import RESUMABLE, changes_since, live_now

log = structlog.get_logger(__name__)

CALLS_AT_ONCE = 100
RETRY_MS = 2_000

Sessions = Callable[[], AsyncSession]


@dataclass(frozen=True, slots=True)
class Start:
    """What a listener is shown first: ``kinds`` has the calls, and of those that were missed how they changed."""

    cursor: LiveCursor
    kinds: Mapping[UUID, Collection[str]]
    is_resumed: bool


async def start_of(sessions: Sessions, interest: Interest, last_event_id: str | None) -> Start:
    """Where a listener begins. An id that is too old or not ours begins anew.

    Ask after joining the feed: what is committed before is in it, what comes after is told.
    """
    async with sessions() as session:
        missed = await _missed(session, interest, last_event_id)
        if missed is not None:
            return missed
        now = await live_now(session, interest)
    return Start(now.cursor, dict.fromkeys(now.call_ids, ()), is_resumed=False)


async def stream(sessions: Sessions, listener: Listener, start: Start) -> AsyncIterator[ServerSentEvent]:
    """Every event for this listener until it is over. A database that goes away ends it; who resumes misses nothing.

    The id of an event is where to resume after it, so of several that belong together only the last has one.
    """
    yield ServerSentEvent(retry=RETRY_MS, raw_data=Begin(resumed=start.is_resumed).model_dump_json())
    try:
        async for model in _shown(sessions, listener, start):
            yield ServerSentEvent(raw_data=model.model_dump_json())
    except DATABASE_ERRORS as error:
        log.warning("database_away", error=type(error).__name__)
        return
    if listener.is_over:
        return
    yield ServerSentEvent(comment="from now on what changes", id=start.cursor.written())
    listens_since: int | None = None
    async for parcel in listener:
        if not parcel.tellings:
            yield _sign_of_life(parcel, start.cursor)
        elif parcel.cursor.knows_more_than(start.cursor):
            listens_since = parcel.turn if listens_since is None else listens_since
            for event in _events(parcel, listens_since):
                yield event


async def _missed(session: AsyncSession, interest: Interest, last_event_id: str | None) -> Start | None:
    if not last_event_id:
        return None
    try:
        last = read_cursor(last_event_id)
    except UnknownCursor:
        return None
    changes = await changes_since(session, last, [interest.organization_id])
    age = changes.cursor.taken_at - last.taken_at
    if last.end > changes.cursor.end or age > RESUMABLE.total_seconds():
        return None
    return Start(changes.cursor, changes.kinds, is_resumed=True)


async def _shown(sessions: Sessions, listener: Listener, start: Start) -> AsyncIterator[BaseModel]:
    """A part at a time, as fast as the listener takes them."""
    ids = list(start.kinds)
    for first in range(0, len(ids), CALLS_AT_ONCE):
        part = ids[first : first + CALLS_AT_ONCE]
        # A listener that goes away cancels this task, and a statement that is cancelled costs its connection.
        calls = await asyncio.shield(_read(sessions, part))
        for one in part:
            call = calls.get(one)
            if listener.is_over:
                return
            if call is None or not listener.interest.covers(call):
                continue
            yield shown(call)
            if "flag" in start.kinds[one]:
                for model in flags_shown(call):
                    yield model


async def _read(sessions: Sessions, call_ids: Sequence[UUID]) -> Mapping[UUID, LiveCall]:
    async with sessions() as session:
        return {call.id: call for call in await live_calls(session, call_ids, with_transcript=call_ids)}


def _events(parcel: Parcel, listens_since: int) -> Sequence[ServerSentEvent]:
    data = [telling.written(listens_since=listens_since) for telling in parcel.tellings]
    return [
        *(ServerSentEvent(raw_data=one) for one in data[:-1]),
        ServerSentEvent(raw_data=data[-1], id=parcel.cursor.written()),
    ]


def _sign_of_life(parcel: Parcel, start: LiveCursor) -> ServerSentEvent:
    """A comment; its id keeps the listener's from growing old, and never takes it back."""
    is_older = start.knows_more_than(parcel.cursor)
    return ServerSentEvent(comment="still here", id=None if is_older else parcel.cursor.written())
