"""What is over is deleted for as long as the process runs, also while nobody asks for anything.

Events that nobody can resume from any more; and tokens, invitations, counts and kept answers whose time has gone by.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import structlog
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from api.database_away import DATABASE_ERRORS
from storage.expired import prune_expired
from storage.live_events import prune

log = structlog.get_logger(__name__)

EVERY_SECONDS = 60.0


@contextlib.asynccontextmanager
async def pruning(
    sessions: async_sessionmaker[AsyncSession], *, every_seconds: float = EVERY_SECONDS
) -> AsyncIterator[None]:
    task = asyncio.create_task(_prune(sessions, every_seconds))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _prune(sessions: async_sessionmaker[AsyncSession], every_seconds: float) -> None:
    while True:
        try:
            async with sessions.begin() as session:
                await prune(session)
            async with sessions.begin() as session:
                await prune_expired(session)
        except DATABASE_ERRORS as error:
            log.warning("not_pruned", error=type(error).__name__)
        await asyncio.sleep(every_seconds)
