"""Work that goes on after the answer, and is waited for when the process stops."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog

log = structlog.get_logger(__name__)

# Few: they share the pool of database connections with the requests.
AT_ONCE = 8
MOST_WAITING = 2_000


class Background:
    """Runs what the reconciliation would do later anyway: a job that fails or finds no room is only logged."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._room = asyncio.Semaphore(AT_ONCE)

    def spawn(self, job: Coroutine[Any, Any, object]) -> None:
        if len(self._tasks) >= MOST_WAITING:
            job.close()
            log.warning("background_full")
            return
        task = asyncio.create_task(self._run(job))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def drain(self, *, timeout_seconds: float) -> None:
        """Wait for all jobs; those that take longer are cancelled."""
        if not self._tasks:
            return
        _, late = await asyncio.wait(set(self._tasks), timeout=timeout_seconds)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def _run(self, job: Coroutine[Any, Any, object]) -> None:
        async with self._room:
            try:
                await job
            except Exception as error:  # noqa: BLE001 - whatever it was, the reconciliation does the job again
                log.warning("background_job_failed", error=type(error).__name__)
