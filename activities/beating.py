"""Heartbeats: by them the engine learns within seconds that a worker died in the middle of an activity."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from temporalio import activity

BEATS_IN_TIMEOUT = 3


@asynccontextmanager
async def beating() -> AsyncIterator[None]:
    """Beat for the activity that runs now, three times within its heartbeat timeout, until the block ends.

    Not at once: the engine counts from the activity's start, and most are over before. A beat is a write of the
    engine's, and one more action on a bill of Temporal Cloud.
    """
    timeout = activity.info().heartbeat_timeout
    if timeout is None:
        yield
        return
    beats = asyncio.create_task(_beat(timeout.total_seconds() / BEATS_IN_TIMEOUT))
    try:
        yield
    finally:
        beats.cancel()


async def _beat(distance_seconds: float) -> None:
    while True:
        await asyncio.sleep(distance_seconds)
        activity.heartbeat()
