"""Heartbeats: by them the engine learns within seconds that a worker died in the middle of an activity."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from temporalio import activity

HEARTBEAT_SECONDS = 3.0


@asynccontextmanager
async def beating() -> AsyncIterator[None]:
    """Beat for the activity that runs now, at once and then every three seconds, until the block ends."""
    beats = asyncio.create_task(_beat())
    try:
        yield
    finally:
        beats.cancel()


async def _beat() -> None:
    while True:
        activity.heartbeat()
        await asyncio.sleep(HEARTBEAT_SECONDS)
