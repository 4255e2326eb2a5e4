"""What is over is deleted for as long as the process runs, also while nobody asks for anything.

Events that nobody can resume from any more; tokens, invitations, counts and kept answers whose time has gone by; and
what webhooks reported, of which the rows stay.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from api.database_away import DATABASE_ERRORS
from storage.expired import prune_expired
from storage.live_events import prune
from storage.webhook_events import empty_old

log = structlog.get_logger(__name__)

EVERY_SECONDS = 60.0

WEBHOOKS_TOGETHER = 500
MOST_TURNS = 40
"""Twenty thousand a minute: more than come in, and after an upgrade the old ones go within hours."""


@contextlib.asynccontextmanager
async def pruning(
    sessions: async_sessionmaker[AsyncSession],
    *,
    webhooks_kept: timedelta | None = None,
    every_seconds: float = EVERY_SECONDS,
) -> AsyncIterator[None]:
    """``webhooks_kept``: for how long what they reported is kept; None for good."""
    task = asyncio.create_task(_prune(sessions, webhooks_kept, every_seconds))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _prune(
    sessions: async_sessionmaker[AsyncSession], webhooks_kept: timedelta | None, every_seconds: float
) -> None:
    while True:
        try:
            async with sessions.begin() as session:
                await prune(session)
            async with sessions.begin() as session:
                await prune_expired(session)
            if webhooks_kept is not None:
                await _empty_webhooks(sessions, webhooks_kept)
        except DATABASE_ERRORS as error:
            log.warning("not_pruned", error=type(error).__name__)
        await asyncio.sleep(every_seconds)


async def _empty_webhooks(sessions: async_sessionmaker[AsyncSession], kept: timedelta) -> None:
    """A few in a transaction, so that it is over soon, and as many transactions as there is something to do."""
    for _ in range(MOST_TURNS):
        async with sessions.begin() as session:
            emptied = await empty_old(session, kept=kept, limit=WEBHOOKS_TOGETHER)
        if emptied < WEBHOOKS_TOGETHER:
            return
