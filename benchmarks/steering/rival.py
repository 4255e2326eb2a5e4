"""The rival: every lead is woken by a signal, and decides for itself when it may be called now."""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from benchmarks.errors import BenchmarkFailed
from benchmarks.steering.scene import Scene
from benchmarks.together import together

SIGNALS_AT_ONCE = 16
LOOK_SECONDS = 0.1
PATIENCE_SECONDS = 300.0


async def signal_each(scene: Scene, lead_ids: Sequence[str]) -> float:
    """How many seconds it takes until each of these sleeping leads was signalled and has decided anew.

    Raises:
        BenchmarkFailed: Some have not, minutes later.
    """
    began, since = time.monotonic(), datetime.now(UTC)
    room = asyncio.Semaphore(SIGNALS_AT_ONCE)

    async def signal(lead_id: str) -> None:
        async with room:
            handle = scene.engine.get_workflow_handle(f"lead-{lead_id}")
            await handle.signal("wake", {"reason": "its campaign was changed"})

    await together(signal(lead_id) for lead_id in lead_ids)
    while await scene.books.decided_since(lead_ids, since) < len(lead_ids):
        if time.monotonic() - began > PATIENCE_SECONDS:
            raise BenchmarkFailed(f"{PATIENCE_SECONDS:g} s after their signals some leads have not decided.")
        await asyncio.sleep(LOOK_SECONDS)
    return time.monotonic() - began
