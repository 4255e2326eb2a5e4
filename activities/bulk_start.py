"""Leads of which the engine has no workflow get theirs: nearest due first, no faster than the engine can carry."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from temporalio import activity

from activities.lead_workflows import EngineAway, LeadToStart, LeadWorkflows
from storage import lead_progress

log = structlog.get_logger(__name__)

GRACE = timedelta(seconds=10)
"""What is younger is probably still being started by whoever committed it."""

PER_SECOND = 20.0
"""The embedded engine starts about forty a second when it does nothing else; the other half is for the calls."""

BATCH = 100
"""Looked up at once: a lead that comes in meanwhile and is due sooner waits for five seconds at most."""

AT_ONCE = 10


class BulkStart:
    def __init__(
        self,
        sessions: async_sessionmaker[AsyncSession],
        workflows: LeadWorkflows,
        clock: Callable[[], datetime],
        *,
        per_second: float = PER_SECOND,
        batch: int = BATCH,
    ) -> None:
        self._sessions = sessions
        self._workflows = workflows
        self._clock = clock
        self._per_second = per_second
        self._batch = batch

    async def start(self, *, at_most: timedelta) -> Sequence[UUID]:
        """Start workflows one after the other for so long, or until none is missing, and say of which leads.

        For an activity. Ends early when the engine is away or the worker stops: the next round goes on. Safe to repeat
        and to run twice at once.
        """
        pace = _Pace(self._per_second, at_most)
        started: list[UUID] = []
        passed_over: set[UUID] = set()
        while not pace.is_over and (leads := await self._nearest_due(passed_over)):
            taken = await self._start_in_turn(leads, pace)
            started += taken
            passed_over |= {lead.lead_id for lead in leads} - set(taken)
        return started

    async def _nearest_due(self, but_for: Collection[UUID]) -> Sequence[LeadToStart]:
        async with self._sessions() as session:
            leads = await lead_progress.leads_to_hand_over(
                session, created_before=self._clock() - GRACE, limit=self._batch, but_for=but_for
            )
        return [LeadToStart(*lead) for lead in leads]

    async def _start_in_turn(self, leads: Sequence[LeadToStart], pace: "_Pace") -> Sequence[UUID]:
        taken: list[UUID] = []
        room = asyncio.Semaphore(AT_ONCE)

        async def start(lead: LeadToStart) -> None:
            try:
                if await self._start(lead):
                    taken.append(lead.lead_id)
            except EngineAway as error:
                log.warning("engine_away", error=str(error))
                pace.is_over = True
            finally:
                room.release()

        async with asyncio.TaskGroup() as group:
            for lead in leads:
                await room.acquire()
                if not await pace.turn():
                    break
                group.create_task(start(lead))
        return taken

    async def _start(self, lead: LeadToStart) -> bool:
        """Whether its workflow goes on. Somebody who ended it in the engine meant it: that lead is called no more."""
        is_running = await self._workflows.start(lead)
        async with self._sessions.begin() as session:
            if is_running:
                await lead_progress.mark_handed_over(session, [(lead.lead_id, lead.run)], self._clock())
            elif await lead_progress.end_without_workflow(session, lead.lead_id, self._clock()):
                log.warning("lead_ended_in_the_engine", lead_id=str(lead.lead_id), run=lead.run)
        return is_running


class _Pace:
    """Turns at even distances, until the time is up, it is over for another reason, or the worker stops."""

    def __init__(self, per_second: float, at_most: timedelta) -> None:
        self._loop = asyncio.get_running_loop()
        self._distance_seconds = 1 / per_second
        self._next_turn = self._loop.time()
        self._ends_at = self._next_turn + at_most.total_seconds()
        self.is_over = False

    async def turn(self) -> bool:
        """Wait for one's turn; False when there is none any more."""
        self.is_over = self.is_over or self._next_turn >= self._ends_at or activity.is_worker_shutdown()
        if self.is_over:
            return False
        await asyncio.sleep(max(self._next_turn - self._loop.time(), 0))
        self._next_turn = max(self._next_turn, self._loop.time()) + self._distance_seconds
        return True
