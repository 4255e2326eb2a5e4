"""The activity that fetches recordings as soon as their links arrive, and deletes those whose time is over.

Memory: each of the ``AT_ONCE`` downloads holds about two parts of 5 MiB, whatever its size.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import cycle

import structlog
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from temporalio import activity

from activities.beating import beating
from activities.deleting_recordings import RecordingDeletions
from activities.fetching_recordings import RecordingFetcher
from activities.recording_metrics import Became
from domain.ringing_back import INBOUND, OUTBOUND
from storage import recordings
from storage.recording_store import RecordingStore
from storage.recordings import RecordingToFetch

log = structlog.get_logger(__name__)

AT_ONCE = 4
GATHER_SECONDS = 0.25
POLL = timedelta(seconds=5)
"""How long an unheard announcement costs at most."""

SHIFT = timedelta(seconds=55)
"""Ends before the schedule begins the next one."""

LONGEST_SHIFT = timedelta(minutes=8)
"""As long as a large recording is still on its way, others are fetched beside it."""

CHECK_AGAIN = timedelta(seconds=15)
PARTING = timedelta(seconds=20)
"""What is under way when the worker is to stop may take so long; what isn't done then is given back."""


@dataclass(slots=True)
class Shift:
    """How many of each there were."""

    kept: int = 0
    failed: int = 0
    given_up: int = 0
    deleted: int = 0


@dataclass(slots=True)
class _Work:
    shift: Shift = field(default_factory=Shift)
    running: set[asyncio.Task[None]] = field(default_factory=set)


class KeepRecordings:
    def __init__(
        self,
        sessions: async_sessionmaker[AsyncSession],
        store: RecordingStore,
        fetcher: RecordingFetcher,
        deletions: RecordingDeletions,
        clock: Callable[[], datetime],
        *,
        shift: timedelta = SHIFT,
        poll: timedelta = POLL,
        parting: timedelta = PARTING,
    ) -> None:
        """``shift``: how long to work at least; with none, until nothing is due."""
        self._sessions = sessions
        self._store = store
        self._fetcher = fetcher
        self._deletions = deletions
        self._clock = clock
        self._shift_seconds = shift.total_seconds()
        self._poll_seconds = poll.total_seconds()
        self._parting_seconds = parting.total_seconds()
        self._news = asyncio.Event()
        # However many there are of one kind, the other's turn comes.
        self._first = cycle((OUTBOUND, INBOUND))
        self._gathering: asyncio.TimerHandle | None = None
        self._check_again_at = 0.0

    def nudge(self) -> None:
        """A link may have arrived. Returns at once; any number of nudges within a moment costs one more look."""
        if self._gathering is None:
            self._gathering = asyncio.get_running_loop().call_later(GATHER_SECONDS, self._look)

    def _look(self) -> None:
        self._gathering = None
        self._news.set()

    @activity.defn
    async def keep_recordings(self) -> Shift:
        """Work for about a minute. Safe to repeat and to run in any number of workers at once."""
        async with beating():
            work = _Work()
            deleting = asyncio.create_task(self._delete(work.shift))
            leaving = asyncio.create_task(activity.wait_for_worker_shutdown())
            try:
                await self._fetch_until_the_end(work, leaving)
                await deleting
            finally:
                await _dismiss({leaving, deleting, *work.running})
        return work.shift

    async def _fetch_until_the_end(self, work: _Work, leaving: asyncio.Task[None]) -> None:
        began = time.monotonic()
        while not leaving.done():
            await self._begin_what_is_due(work)
            worked = time.monotonic() - began
            if worked >= (LONGEST_SHIFT.total_seconds() if work.running else self._shift_seconds):
                return
            await self._wait(work, leaving, self._shift_seconds - worked)
        if work.running:
            await asyncio.wait(work.running, timeout=self._parting_seconds)

    async def _begin_what_is_due(self, work: _Work) -> None:
        self._news.clear()
        room = AT_ONCE - len(work.running)
        if room == 0 or not await self._store_takes_them():
            return
        now = self._clock()
        async with self._sessions.begin() as session:
            claims = await recordings.claim_to_fetch(
                session, now=now, until=now + self._fetcher.lease, limit=room, first=next(self._first)
            )
        for claim in claims:
            task = asyncio.create_task(self._fetch(claim, work.shift))
            work.running.add(task)
            task.add_done_callback(work.running.discard)

    async def _store_takes_them(self) -> bool:
        """Links aren't opened in vain while the store is away; it is asked now and then whether it is back."""
        if self._store.problem is None:
            return True
        if time.monotonic() < self._check_again_at:
            return False
        await self._store.check()
        self._check_again_at = time.monotonic() + CHECK_AGAIN.total_seconds()
        return self._store.problem is None

    async def _fetch(self, claim: RecordingToFetch, shift: Shift) -> None:
        """An error that nobody foresaw costs this try only; its lease lapses, and it is taken up again."""
        try:
            became = await self._fetcher.fetch(claim)
        except Exception as error:  # noqa: BLE001 - whatever it was, the others go on
            log.error("recording_failed", **claim.named, error=type(error).__name__)
            return
        shift.kept += became is Became.KEPT
        shift.failed += became is Became.FAILED
        shift.given_up += became is Became.GIVEN_UP

    async def _delete(self, shift: Shift) -> None:
        shift.deleted = await self._deletions.delete_due()

    async def _wait(self, work: _Work, leaving: asyncio.Task[None], left_seconds: float) -> None:
        """Until there may be something to begin: a place came free, or a link arrived while there is a place."""
        seconds = self._poll_seconds if left_seconds <= 0 else min(self._poll_seconds, left_seconds)
        news = asyncio.create_task(self._news.wait())
        others = {news} if len(work.running) < AT_ONCE else set()
        try:
            await asyncio.wait({leaving, *others, *work.running}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            news.cancel()


async def _dismiss(tasks: set[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
