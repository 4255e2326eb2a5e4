"""Recordings whose time is over, or that were ordered to go: first nobody hears them any more, then they are gone."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from activities.recording_metrics import Became, RecordingMetrics
from storage import recording_retention, recordings
from storage.recording_store import RecordingStore, StoreError
from storage.recordings import RecordingToDelete

log = structlog.get_logger(__name__)

BATCH = 200
MOST_BATCHES = 10
AT_ONCE = 8
LEASE = timedelta(minutes=2)


class RecordingDeletions:
    def __init__(
        self,
        sessions: async_sessionmaker[AsyncSession],
        store: RecordingStore,
        metrics: RecordingMetrics,
        clock: Callable[[], datetime],
    ) -> None:
        self._sessions = sessions
        self._store = store
        self._metrics = metrics
        self._clock = clock

    async def delete_due(self) -> int:
        """Delete what is due, 2,000 at most, and say how many went. Safe to repeat and to run twice at once.

        A recording is written down as deleted only once the store has said so.
        """
        deleted = 0
        for _ in range(MOST_BATCHES):
            ordered = await self._order()
            batch = await self._claim()
            gone = await self._delete(batch)
            deleted += len(gone)
            if (ordered < BATCH and len(batch) < BATCH) or len(gone) < len(batch):
                break
        return deleted

    async def _order(self) -> int:
        async with self._sessions.begin() as session:
            return await recording_retention.order_retention(session, now=self._clock(), limit=BATCH)

    async def _claim(self) -> Sequence[RecordingToDelete]:
        now = self._clock()
        async with self._sessions.begin() as session:
            return await recordings.claim_to_delete(session, now=now, until=now + LEASE, limit=BATCH)

    async def _delete(self, batch: Sequence[RecordingToDelete]) -> Sequence[RecordingToDelete]:
        room = asyncio.Semaphore(AT_ONCE)
        problems: list[str] = []

        async def delete(one: RecordingToDelete) -> RecordingToDelete | None:
            async with room:
                try:
                    await self._store.delete(one.path)
                except StoreError as error:
                    problems.append(str(error))
                    return None
            return one

        tried = await asyncio.gather(*(delete(one) for one in batch))
        gone = [one for one in tried if one is not None]
        if problems:
            log.error("recordings_not_deleted", count=len(problems), error=problems[0])
        if gone:
            await self._record(gone)
        return gone

    async def _record(self, gone: Sequence[RecordingToDelete]) -> None:
        async with self._sessions.begin() as session:
            await recordings.mark_deleted(session, gone, self._clock())
        log.info("recordings_deleted", count=len(gone))
        self._metrics.count(Became.DELETED, len(gone))
