"""Files of leads that nobody goes on with, and rejected rows that were kept long enough."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from activities.lead_workflows import EngineAway, LeadWorkflows
from storage import imports

log = structlog.get_logger(__name__)

LEFT_ALONE = timedelta(seconds=30)
"""A batch takes less than a second; a worker that died is replaced within ten."""

REJECTIONS_KEPT = timedelta(days=30)
AT_ONCE = 20


class LeftImports:
    def __init__(
        self, sessions: async_sessionmaker[AsyncSession], workflows: LeadWorkflows, clock: Callable[[], datetime]
    ) -> None:
        self._sessions = sessions
        self._workflows = workflows
        self._clock = clock

    async def resume(self) -> Sequence[UUID]:
        """Have the engine go on with what was left; says with which imports. Safe to repeat."""
        now = self._clock()
        async with self._sessions.begin() as session:
            await imports.delete_old_rejections(session, done_before=now - REJECTIONS_KEPT, now=now, limit=AT_ONCE)
            left = await imports.stalled_imports(session, untouched_since=now - LEFT_ALONE, limit=AT_ONCE)
        resumed = []
        for import_id in left:
            try:
                await self._workflows.start_import(import_id)
            except EngineAway as error:
                log.warning("engine_away", error=str(error))
                break
            resumed.append(import_id)
        return resumed
