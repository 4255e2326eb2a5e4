"""One round of bare lives."""

import asyncio
import time

from temporalio.client import Client, WorkflowFailureError

from benchmarks.errors import BenchmarkFailed
from benchmarks.lives.bare_life import BareLife
from benchmarks.lives.bare_worker import TASK_QUEUE
from benchmarks.lives.scale import LIVES_AT_ONCE
from benchmarks.together import together


async def bare_seconds(client: Client, name: str, lives: int) -> float:
    """How long so many lives take, sixty at once, from the first start to the last end.

    Args:
        client: Connected to the server that is measured.
        name: Not used before on this server.
        lives: How many.

    Raises:
        BenchmarkFailed: A life did not come to its end.
    """
    room = asyncio.Semaphore(LIVES_AT_ONCE)

    async def live(number: int) -> None:
        async with room:
            await client.execute_workflow(BareLife.run, id=f"{name}-{number}", task_queue=TASK_QUEUE)

    began = time.monotonic()
    try:
        await together(live(number) for number in range(lives))
    except WorkflowFailureError as failure:
        raise BenchmarkFailed(f"A bare life did not come to its end: {failure.cause}") from failure
    return time.monotonic() - began
