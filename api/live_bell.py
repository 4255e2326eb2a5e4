"""Word to every process that something changed about calls, at most so often.

Said after the commit and not within it: whoever notifies holds a lock of the whole database until the commit is on the
disk, and webhooks would stand in line for it (docs/decisions/0013).
"""

import asyncio
from collections.abc import Callable
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from api.database_away import DATABASE_ERRORS
from storage.live_events import announce
from storage.looks import Lookout

log = structlog.get_logger(__name__)

PAUSE_SECONDS = 0.1


class LiveBell:
    def __init__(self, sessions: async_sessionmaker[AsyncSession], here: Callable[[UUID], None]) -> None:
        self._lookout = Lookout(sessions)
        self._here = here
        self._rung: set[UUID] = set()
        self._task: asyncio.Task[None] | None = None

    @property
    def is_ringing(self) -> bool:
        return self._task is not None

    def ring(self, organization_id: UUID) -> None:
        """Returns at once. This process hears it now, the others a moment later; a lost word delays, no more."""
        self._here(organization_id)
        self._rung.add(organization_id)
        if self._task is None:
            self._task = asyncio.create_task(self._pass_on())

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _pass_on(self) -> None:
        try:
            while self._rung:
                rung, self._rung = self._rung, set()
                async with self._lookout.looking() as looking:
                    await announce(looking, rung)
                await asyncio.sleep(PAUSE_SECONDS)
        except DATABASE_ERRORS as error:
            log.warning("live_bell_silent", error=type(error).__name__)
        finally:
            self._task = None
