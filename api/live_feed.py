"""Everybody in this process who listens to calls: one reads for all of them.

While somebody listens, what changed is read as soon as word of it comes, and now and then without any: a turn. Each
turn reads once, however many listen, and puts what it found into each listener's own line. Nobody is waited for.
"""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Callable, Sequence, Set
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from api.database_away import DATABASE_ERRORS
from api.identification import Credential, Identification
from api.live_listener import Listener, Parcel
from api.live_telling import Narrator, Telling
from api.problems import Unavailable
from runtime.listening import listening
from runtime.settings import Settings
from storage.live_calls import Interest, live_calls
from storage.live_cursor import LiveCursor
from storage.live_events import CHANNEL, Changes, changes_since, where_we_are

log = structlog.get_logger(__name__)

MOST_LISTENERS = 2_000
LOOK_ANYWAY_SECONDS = 0.5
"""For what nobody says a word of: changes by workers, and words that were lost with a connection."""

PAUSE_SECONDS = 0.04
"""Between two turns, so that what comes thick and fast is read and told together."""

BEAT_SECONDS = 15.0


class LiveFeed:
    def __init__(
        self,
        settings: Settings,
        sessions: async_sessionmaker[AsyncSession],
        identification: Identification,
        clock: Callable[[], datetime],
        *,
        beat_seconds: float = BEAT_SECONDS,
        look_anyway_seconds: float = LOOK_ANYWAY_SECONDS,
        is_automatic: bool = True,
    ) -> None:
        """Unless it ``is_automatic``, somebody else takes the turns and gives the signs of life."""
        self._settings = settings
        self._sessions = sessions
        self._identification = identification
        self._clock = clock
        self._beat_seconds = beat_seconds
        self._look_anyway_seconds = look_anyway_seconds
        self._is_automatic = is_automatic
        self._listeners: set[Listener] = set()
        self._narrator = Narrator()
        self._cursor: LiveCursor | None = None
        self._turn = 0
        self._one_turn = asyncio.Lock()
        self._somebody = asyncio.Event()
        self._word = asyncio.Event()
        self._tasks: Sequence[asyncio.Task[None]] = ()
        self._is_closed = False

    @property
    def listeners(self) -> int:
        return len(self._listeners)

    async def join(self, interest: Interest, credential: Credential) -> Listener:
        """Begin to listen: whatever is committed from now on comes. Leave when it is over.

        Raises:
            Unavailable: the process stops, or too many listen here; try again, at another process if there is one.
        """
        if self._is_closed or len(self._listeners) >= MOST_LISTENERS:
            raise Unavailable("Nobody more can listen here right now. Try again.")
        listener = Listener(interest, credential)
        # Never within a turn: it has read already, and this listener's organisation perhaps not.
        async with self._one_turn:
            if self._cursor is None:
                async with self._sessions() as session:
                    self._cursor = await where_we_are(session)
            self._listeners.add(listener)
        self._somebody.set()
        if self._is_automatic and not self._tasks:
            self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._beat())]
        return listener

    def leave(self, listener: Listener) -> None:
        self._listeners.discard(listener)
        listener.end()

    def ring(self, organization_id: UUID) -> None:
        """Something changed there. Costs nothing while nobody listens."""
        if any(listener.interest.organization_id == organization_id for listener in self._listeners):
            self._word.set()

    async def turn(self) -> None:
        """Read what changed and tell it. Safe to repeat; after an error the next turn reads the same again."""
        async with self._one_turn:
            if not self._listeners or self._cursor is None:
                self._cursor, self._narrator = None, Narrator()
                self._somebody.clear()
                return
            self._turn += 1
            changes = await self._read(self._cursor)
            self._cursor = changes.cursor

    async def beat(self) -> None:
        """A sign of life for everybody; who may not listen any more is ended."""
        listeners = tuple(self._listeners)
        valid = await self._still_valid(listeners)
        for listener in listeners:
            if self._cursor is None or (valid is not None and listener.credential not in valid):
                self.leave(listener)
            else:
                self._offer(listener, Parcel(self._turn, self._cursor))

    async def close(self) -> None:
        """End every stream. Nobody can join any more."""
        self._is_closed = True
        for listener in tuple(self._listeners):
            self.leave(listener)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _read(self, cursor: LiveCursor) -> Changes:
        organizations = {listener.interest.organization_id for listener in self._listeners}
        async with self._sessions() as session:
            changes = await changes_since(session, cursor, organizations)
            if not changes.kinds:
                return changes
            spoken = [call_id for call_id, kinds in changes.kinds.items() if "transcript" in kinds]
            calls = await live_calls(session, changes.kinds, with_transcript=spoken)
        self._tell(self._narrator.tell(changes.kinds, calls, self._turn), changes.cursor)
        return changes

    def _tell(self, tellings: Sequence[Telling], cursor: LiveCursor) -> None:
        by_organization: defaultdict[UUID, list[Telling]] = defaultdict(list)
        for telling in tellings:
            by_organization[telling.call.organization_id].append(telling)
        for listener in tuple(self._listeners):
            interest = listener.interest
            own = [telling for telling in by_organization[interest.organization_id] if interest.covers(telling.call)]
            if own:
                self._offer(listener, Parcel(self._turn, cursor, own))

    def _offer(self, listener: Listener, parcel: Parcel) -> None:
        if not listener.may_listen(self._clock()):
            self.leave(listener)
        elif not listener.offer(parcel):
            log.warning("live_listener_dropped", organization_id=str(listener.interest.organization_id))
            self.leave(listener)

    async def _still_valid(self, listeners: Sequence[Listener]) -> Set[Credential] | None:
        """None where the database can't be asked: then nobody is ended."""
        try:
            return await self._identification.still_valid({listener.credential for listener in listeners})
        except DATABASE_ERRORS as error:
            log.warning("database_away", error=type(error).__name__)
            return None

    def _hear(self, word: str) -> None:
        """Anybody who may connect to the database may notify, so what comes is not trusted to be an id."""
        with contextlib.suppress(ValueError):
            self.ring(UUID(word))

    async def _listen(self) -> None:
        async with listening(self._settings, {CHANNEL: self._hear}, application="leadline-api-listening"):
            while not self._is_closed:
                await self._somebody.wait()
                # Not wait_for: until Python 3.12 it could swallow the cancellation by which this ends.
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._look_anyway_seconds):
                        await self._word.wait()
                self._word.clear()
                await self._take_turn()
                await asyncio.sleep(PAUSE_SECONDS)

    async def _take_turn(self) -> None:
        try:
            await self.turn()
        except DATABASE_ERRORS as error:
            log.warning("database_away", error=type(error).__name__)
        except Exception as error:
            # Nobody must wait for ever for what can't be told.
            log.error("live_turn_failed", exc_info=error)
            for listener in tuple(self._listeners):
                self.leave(listener)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._beat_seconds)
            await self.beat()
