"""Webhooks stand in line for the database: what waits is written in one transaction, however much it is.

So a rush of webhooks costs hardly more transactions than a trickle, and one that has to wait for somebody's lock, or
can't be written, keeps no other waiting.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from activities.inbox import Arrived, Taken, take
from activities.inbox_alone import take_alone
from activities.inbox_batches import take_together
from api.database_away import is_unreachable
from storage.driver_transactions import DriverTransactions
from storage.looks import Lookout

WRITERS = 2
"""The second one goes on while the first waits for the disk."""

MOST_WRITERS = 4
"""With those in whose place others write, since they take long: the database or the disk may be busy with others."""

LONG_SECONDS = 0.004
LONGER_SECONDS = 0.002
"""How long a batch of one may take until another writes in its place, and how much longer for each further webhook.

Twice as long as they take where nobody waits for a core or for the disk.
"""

ALONE_AT_ONCE = 4
CONNECTIONS = MOST_WRITERS + ALONE_AT_ONCE
MOST_TOGETHER = 64


@dataclass(frozen=True, slots=True)
class _Waiting:
    arrived: Arrived
    taken: "asyncio.Future[Taken]"

    def answer(self, taken: Taken) -> None:
        if not self.taken.done():
            self.taken.set_result(taken)

    def fail(self, error: Exception) -> None:
        if not self.taken.done():
            self.taken.set_exception(error)


class WebhookLine:
    """``sessions``: over ``CONNECTIONS`` connections, best of its own: webhooks don't wait for other requests' then."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession], clock: Callable[[], datetime]) -> None:
        self._sessions = sessions
        self._lookout = Lookout(sessions)
        self._transactions = DriverTransactions(sessions)
        self._clock = clock
        self._line: deque[_Waiting] = deque()
        self._writers: set[asyncio.Task[None]] = set()
        self._slow: set[object] = set()  # one for each writer that is replaced
        self._alone: set[asyncio.Task[None]] = set()
        self._room = asyncio.Semaphore(ALONE_AT_ONCE)

    async def take(self, arrived: Arrived) -> Taken:
        """Keep and apply a verified event; it is committed when this returns.

        Raises whatever the database raises; then nothing of it was stored.
        """
        waiting = _Waiting(arrived, asyncio.get_running_loop().create_future())
        self._line.append(waiting)
        self._have_it_written()
        return await waiting.taken

    def _have_it_written(self) -> None:
        if self._at_pace() < WRITERS and len(self._writers) < MOST_WRITERS:
            self._writers.add(asyncio.create_task(self._write_all()))

    def _at_pace(self) -> int:
        return len(self._writers) - len(self._slow)

    async def _write_all(self) -> None:
        try:
            while self._line and self._at_pace() <= WRITERS:
                batch = [self._line.popleft() for _ in range(min(MOST_TOGETHER, len(self._line)))]
                with self._replaced_while_slow(len(batch)):
                    left = await self._write(batch)
                for waiting in left:
                    alone = asyncio.create_task(self._write_alone(waiting))
                    self._alone.add(alone)
                    alone.add_done_callback(self._alone.discard)
        finally:
            # Here and in no callback, which comes later: whoever joined the line meanwhile would wait for nobody.
            self._writers = {writer for writer in self._writers if writer is not asyncio.current_task()}

    @contextmanager
    def _replaced_while_slow(self, webhooks: int) -> Iterator[None]:
        slow = object()

        def replace() -> None:
            self._slow.add(slow)
            if self._line:
                self._have_it_written()

        seconds = LONG_SECONDS + LONGER_SECONDS * (webhooks - 1)
        alarm = asyncio.get_running_loop().call_later(seconds, replace)
        try:
            yield
        finally:
            alarm.cancel()
            self._slow.discard(slow)

    async def _write(self, batch: Sequence[_Waiting]) -> Sequence[_Waiting]:
        """Write what can be written together, and say what is left."""
        try:
            together = await self._taken([one.arrived for one in batch])
        except Exception as error:  # noqa: BLE001 - one event's fault mustn't be the others': each is tried by itself
            if not is_unreachable(error):
                return batch
            for waiting in batch:
                waiting.fail(error)
            return ()
        for waiting, taken in zip(batch, together, strict=True):
            if taken is not None:
                waiting.answer(taken)
        return [waiting for waiting, taken in zip(batch, together, strict=True) if taken is None]

    async def _taken(self, batch: Sequence[Arrived]) -> Sequence[Taken | None]:
        if len(batch) == 1:
            async with self._lookout.looking() as looking:
                return [await take_alone(looking, batch[0], now=self._clock())]
        async with self._transactions.begin() as transaction:
            return await take_together(transaction, batch, now=self._clock())

    async def _write_alone(self, waiting: _Waiting) -> None:
        async with self._room:
            try:
                async with self._sessions.begin() as session:
                    taken = await take(session, waiting.arrived, now=self._clock())
            except Exception as error:  # noqa: BLE001 - whoever waits for it answers for it
                waiting.fail(error)
                return
        waiting.answer(taken)
