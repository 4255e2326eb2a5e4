"""Heartbeats: by them the engine learns within seconds that a worker died in the middle of an activity."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from temporalio import activity

BEATS_IN_TIMEOUT = 3


@asynccontextmanager
async def beating() -> AsyncIterator[None]:
    """Beat for the activity that runs now, three times within its heartbeat timeout, until the block ends.

    Not at once, unless the activity began late: the engine counts from its start, and most are over before. A beat is
    a write of the engine's, and one more action on a bill of Temporal Cloud.
    """
    info = activity.info()
    if info.heartbeat_timeout is None:
        yield
        return
    distance = info.heartbeat_timeout / BEATS_IN_TIMEOUT
    late = max(datetime.now(UTC) - info.started_time, timedelta(0))
    beats = asyncio.create_task(_beat(first=max(distance - late, timedelta(0)), distance=distance))
    try:
        yield
    finally:
        beats.cancel()


async def _beat(*, first: timedelta, distance: timedelta) -> None:
    await asyncio.sleep(first.total_seconds())
    while True:
        activity.heartbeat()
        await asyncio.sleep(distance.total_seconds())
