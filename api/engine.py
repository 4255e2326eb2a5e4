"""The engine (Temporal) as the API sees it: told as soon as possible, never waited for long.

What it couldn't be told the reconciliation tells it later, so a request is answered all the same.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.service import RPCError

from activities.lead_workflows import LeadToStart, LeadWorkflows
from api.database_away import DATABASE_ERRORS
from storage.lead_progress import mark_handed_over

log = structlog.get_logger(__name__)

PATIENCE_SECONDS = 2.0
AT_ONCE = 16
# As long as the client tries a request again by itself.
BACKGROUND_PATIENCE_SECONDS = 10.0
# After a failure the next requests don't try: each would wait as long as the first.
REST_SECONDS = 3.0
# Who finds nothing to do is answered after a minute, and asks again.
POLLED_LATELY = timedelta(seconds=90)
# What the SDK raises: RPCError from a server, RuntimeError where a lazy client finds none.
ENGINE_AWAY = (RPCError, RuntimeError, TimeoutError)


class Engine:
    def __init__(
        self,
        client: Client,
        workflows: LeadWorkflows,
        sessions: async_sessionmaker[AsyncSession],
        clock: Callable[[], datetime],
    ) -> None:
        self._client = client
        self._workflows = workflows
        self._sessions = sessions
        self._clock = clock
        self._rests_until = 0.0

    async def start(self, leads: Sequence[LeadToStart]) -> None:
        """Start the workflows of committed leads and note which were taken. Never raises for an engine that is away."""
        started: list[tuple[UUID, int]] = []

        async def start_one(lead: LeadToStart) -> None:
            await self._workflows.start(lead)
            started.append((lead.lead_id, lead.run))

        await self._tell([partial(start_one, lead) for lead in leads])
        if not started:
            return
        try:
            async with self._sessions.begin() as session:
                await mark_handed_over(session, started, self._clock())
        except DATABASE_ERRORS as error:
            log.warning("handed_over_not_noted", leads=len(started), error=type(error).__name__)

    async def wake(self, runs: Sequence[tuple[UUID, int]], reason: str) -> None:
        """Have these leads look again. Never raises for an engine that is away."""
        await self._tell([partial(self._workflows.wake, lead_id, run, reason) for lead_id, run in runs])

    async def wake_many(self, runs: Sequence[tuple[UUID, int]], reason: str) -> None:
        """The same for however many, some at once and each with a patience of its own.

        For work in the background: a busy engine takes seconds for hundreds, and nobody waits for the answer.
        """
        room = asyncio.Semaphore(AT_ONCE)

        async def wake_one(lead_id: UUID, run: int) -> bool:
            async with room:
                try:
                    async with asyncio.timeout(BACKGROUND_PATIENCE_SECONDS):
                        await self._workflows.wake(lead_id, run, reason)
                except ENGINE_AWAY:
                    return False
            return True

        told = await asyncio.gather(*(wake_one(lead_id, run) for lead_id, run in runs))
        if not all(told):
            log.warning("engine_away", untold=told.count(False))

    async def is_healthy(self) -> bool:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await self._client.service_client.check_health(timeout=timedelta(seconds=PATIENCE_SECONDS))
        except ENGINE_AWAY:
            return False

    async def workers(self, task_queue: str) -> int | None:
        """How many have asked this queue for work of late; None for an engine that is away."""
        request = DescribeTaskQueueRequest(
            namespace=self._client.namespace,
            task_queue=TaskQueue(name=task_queue),
            task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
        )
        patience = timedelta(seconds=PATIENCE_SECONDS)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                told = await self._client.workflow_service.describe_task_queue(request, timeout=patience)
        except ENGINE_AWAY:
            return None
        since = self._clock() - POLLED_LATELY
        return len({one.identity for one in told.pollers if one.last_access_time.ToDatetime(UTC) > since})

    async def _tell(self, messages: Sequence[Callable[[], Awaitable[object]]]) -> None:
        if not messages or time.monotonic() < self._rests_until:
            return
        room = asyncio.Semaphore(AT_ONCE)

        async def tell(message: Callable[[], Awaitable[object]]) -> None:
            async with room:
                await message()

        tasks = [asyncio.create_task(tell(message)) for message in messages]
        done, late = await asyncio.wait(tasks, timeout=PATIENCE_SECONDS, return_when=asyncio.FIRST_EXCEPTION)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        self._judge(done, late)

    def _judge(self, done: set[asyncio.Task[None]], late: set[asyncio.Task[None]]) -> None:
        errors = [error for task in done if (error := task.exception()) is not None]
        for error in errors:
            if not isinstance(error, ENGINE_AWAY):
                raise error
        if errors or not done:
            self._rests_until = time.monotonic() + REST_SECONDS
            log.warning("engine_away", untold=len(errors) + len(late))
