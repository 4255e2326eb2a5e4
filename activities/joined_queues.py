"""Word of leads that joined a queue: a slot may have come free while they did, when nobody could see them waiting.

It goes out after the commit. A word that is part of it would keep everybody else waiting who commits one
(``storage.room``), and on a busy day hundreds join a queue in a second. What a process that dies in between leaves
unsaid is found by the reconciliation.
"""

import asyncio
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from activities.hand_on import SlotHandOn
from storage.looks import Lookout
from storage.room import announce_rooms

log = structlog.get_logger(__name__)

LOOK_AFTER_SECONDS = 0.05
"""One look for all who joined the queue of a full pool meanwhile: it finds only what came free just then."""

OTHERS_AFTER_SECONDS = 0.25
"""One word to the others for all who joined meanwhile. This process has looked by then: theirs are looks in reserve."""


class JoinedQueues:
    def __init__(self, sessions: async_sessionmaker[AsyncSession], hand_on: SlotHandOn) -> None:
        self._lookout = Lookout(sessions)
        self._hand_on = hand_on
        self._looks: dict[UUID, asyncio.TimerHandle] = {}
        self._others: set[UUID] = set()
        self._telling: asyncio.Task[None] | None = None

    def joined(self, number_pool_id: UUID, *, saw_room: bool) -> None:
        """Some lead waits for a slot of this pool, and that is committed. Returns at once.

        Args:
            saw_room: There was room, and it was others' turn: the lead is looked for now and not a moment later.
        """
        if saw_room:
            self._hand_on.nudge(number_pool_id)
        elif number_pool_id not in self._looks:
            loop = asyncio.get_running_loop()
            self._looks[number_pool_id] = loop.call_later(LOOK_AFTER_SECONDS, self._look, number_pool_id)
        self._others.add(number_pool_id)
        if self._telling is None:
            self._telling = asyncio.create_task(self._tell_others())

    def _look(self, number_pool_id: UUID) -> None:
        del self._looks[number_pool_id]
        self._hand_on.nudge(number_pool_id)

    async def close(self) -> None:
        """Say what is left to be said, and end."""
        for timer in self._looks.values():
            timer.cancel()
        if self._telling is not None:
            self._telling.cancel()
            await asyncio.gather(self._telling, return_exceptions=True)
        await self._tell()

    async def _tell_others(self) -> None:
        while self._others:
            await asyncio.sleep(OTHERS_AFTER_SECONDS)
            await self._tell()
        self._telling = None

    async def _tell(self) -> None:
        pools, self._others = self._others, set()
        if not pools:
            return
        try:
            async with self._lookout.looking() as looking:
                await announce_rooms(looking, pools)
        except Exception as error:  # noqa: BLE001 - whatever it was, the reconciliation hands on what is left
            log.warning("room_untold", error=type(error).__name__)
