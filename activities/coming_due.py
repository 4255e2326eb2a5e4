"""When the next hours open: whoever hands on slots is told in time, also where no lead has a timer.

Leads that were parked, or planned anew in their sleep, don't wake by themselves at their opening. A timer in this
process has their pool looked at then; the reconciliation sets it again each round, in whichever process it runs.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from activities.hand_on import SlotHandOn
from storage.coming_due import next_openings

log = structlog.get_logger(__name__)

AHEAD = timedelta(seconds=90)
"""Three rounds of the reconciliation: one that comes late, or not at all, still leaves a timer behind it."""

AFTERWARDS = timedelta(seconds=1)
"""Leads with timers of their own come first and hand on slots themselves; one look a second is also enough."""


class ComingDue:
    def __init__(
        self,
        sessions: async_sessionmaker[AsyncSession],
        hand_on: SlotHandOn,
        clock: Callable[[], datetime],
        *,
        afterwards: timedelta = AFTERWARDS,
    ) -> None:
        self._sessions = sessions
        self._hand_on = hand_on
        self._clock = clock
        self._afterwards = afterwards
        self._timers: dict[UUID, asyncio.TimerHandle] = {}
        self._looking: set[asyncio.Task[None]] = set()

    async def look_ahead(self, number_pool_id: UUID | None = None) -> None:
        """Set one timer for each pool (or this one) for whose leads hours open soon. Safe to repeat."""
        now = self._clock()
        async with self._sessions() as session:
            openings = await next_openings(session, now, until=now + AHEAD, number_pool_id=number_pool_id)
        for pool_id, opens_at in openings:
            self._set(pool_id, opens_at - now + self._afterwards)

    async def close(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        await asyncio.gather(*self._looking, return_exceptions=True)

    def _set(self, number_pool_id: UUID, wait: timedelta) -> None:
        """The earlier of two timers stands: what it is for may have come due a moment ago, and it looks ahead again."""
        loop = asyncio.get_running_loop()
        at, timer = loop.time() + wait.total_seconds(), self._timers.get(number_pool_id)
        if timer is not None and timer.when() <= at:
            return
        if timer is not None:
            timer.cancel()
        self._timers[number_pool_id] = loop.call_at(at, self._arrived, number_pool_id)

    def _arrived(self, number_pool_id: UUID) -> None:
        del self._timers[number_pool_id]
        self._hand_on.nudge(number_pool_id)
        task = asyncio.create_task(self._look_again(number_pool_id))
        self._looking.add(task)
        task.add_done_callback(self._looking.discard)

    async def _look_again(self, number_pool_id: UUID) -> None:
        """Others of the pool may come due before the next round."""
        try:
            await self.look_ahead(number_pool_id)
        except Exception as error:  # noqa: BLE001 - the next round of the reconciliation looks ahead again
            log.warning("look_ahead_failed", number_pool_id=str(number_pool_id), error=type(error).__name__)
