"""What webhooks say is passed on to the workflows after the answer: all that waits for it, together."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from activities import inbox
from activities.lead_workflows import LeadWorkflows

log = structlog.get_logger(__name__)

MOST_TOGETHER = 50


class Forwarding:
    """What fails here, or is under way when the process dies, the reconciliation forwards."""

    def __init__(
        self, sessions: async_sessionmaker[AsyncSession], workflows: LeadWorkflows, clock: Callable[[], datetime]
    ) -> None:
        self._sessions = sessions
        self._workflows = workflows
        self._clock = clock
        self._waiting: dict[UUID, None] = {}
        self._task: asyncio.Task[None] | None = None

    def forward(self, attempt_id: UUID) -> None:
        """Returns at once; any number of an attempt's events that wait together cost one look."""
        self._waiting[attempt_id] = None
        if self._task is None:
            self._task = asyncio.create_task(self._forward_all())

    async def drain(self, *, timeout_seconds: float) -> None:
        """Wait until nothing waits any more; what takes longer is left to the reconciliation."""
        if self._task is None:
            return
        _, late = await asyncio.wait({self._task}, timeout=timeout_seconds)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def _forward_all(self) -> None:
        try:
            while self._waiting:
                together = list(self._waiting)[:MOST_TOGETHER]
                for attempt_id in together:
                    del self._waiting[attempt_id]
                await self._forward(together)
        finally:
            self._task = None

    async def _forward(self, attempt_ids: list[UUID]) -> None:
        try:
            await inbox.forward(self._sessions, self._workflows, attempt_ids, now=self._clock())
        except Exception as error:  # noqa: BLE001 - whatever it was, the reconciliation does it again
            log.warning("forwarding_failed", attempts=len(attempt_ids), error=type(error).__name__)
