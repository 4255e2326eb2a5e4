"""The activity that heals what got lost between the database and the engine."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from temporalio import activity

from activities import inbox
from activities.beating import beating
from activities.deciding import give_back_expired
from activities.hand_on import SlotHandOn
from activities.lead_workflows import EngineAway, LeadToStart, LeadWorkflows
from storage import lead_progress, webhook_events
from storage.situations import lock_lead

log = structlog.get_logger(__name__)

GRACE = timedelta(seconds=10)
"""What is younger is probably still being done by whoever committed it."""

BATCH = 500
AT_ONCE = 10


@dataclass(frozen=True, slots=True)
class Findings:
    """How many of each were found and seen to."""

    workflows_started: int = 0
    events_forwarded: int = 0
    attempts_nudged: int = 0
    leads_served: int = 0
    grants_given_back: int = 0


class Reconcile:
    def __init__(
        self,
        sessions: async_sessionmaker[AsyncSession],
        workflows: LeadWorkflows,
        hand_on: SlotHandOn,
        clock: Callable[[], datetime],
    ) -> None:
        self._sessions = sessions
        self._workflows = workflows
        self._hand_on = hand_on
        self._clock = clock

    @activity.defn
    async def reconcile(self) -> Findings:
        """Start, forward, nudge and serve what was left behind. Safe to repeat and to run twice at once."""
        async with beating():
            findings = await self._heal()
        if findings != Findings():
            log.info("reconciled", findings=findings)
        return findings

    async def _heal(self) -> Findings:
        return Findings(
            workflows_started=await self._start_workflows(),
            events_forwarded=await self._forward_events(),
            grants_given_back=await self._give_back_grants(),
            attempts_nudged=await self._nudge_attempts(),
            leads_served=await self._serve_leads(),
        )

    async def _start_workflows(self) -> int:
        async with self._sessions() as session:
            leads = await lead_progress.leads_to_hand_over(session, created_before=self._clock() - GRACE, limit=BATCH)
        await _each(self._start(LeadToStart(*lead)) for lead in leads)
        return len(leads)

    async def _start(self, lead: LeadToStart) -> None:
        """Somebody who ended a lead's workflow in the engine meant it: that lead is called no more."""
        is_running = await self._workflows.start(lead)
        async with self._sessions.begin() as session:
            if is_running:
                await lead_progress.mark_handed_over(session, [(lead.lead_id, lead.run)], self._clock())
            elif await lead_progress.end_without_workflow(session, lead.lead_id, self._clock()):
                log.warning("lead_ended_in_the_engine", lead_id=str(lead.lead_id), run=lead.run)

    async def _forward_events(self) -> int:
        async with self._sessions() as session:
            events = await webhook_events.overdue_events(session, received_before=self._clock() - GRACE, limit=BATCH)
        attempt_ids = dict.fromkeys(event.attempt_id for event in events)
        await _each(
            inbox.forward(self._sessions, self._workflows, attempt_id, now=self._clock()) for attempt_id in attempt_ids
        )
        return len(events)

    async def _give_back_grants(self) -> int:
        """A grant whose lead was never told, or has no workflow any more, would hold its slot for ever."""
        expired_before = self._clock() - GRACE
        async with self._sessions() as session:
            leads = await lead_progress.leads_with_expired_grants(session, expired_before=expired_before, limit=BATCH)
        for lead_id in leads:
            async with self._sessions.begin() as session:
                context = await lock_lead(session, lead_id)
                if context is not None:
                    give_back_expired(context, self._clock())
        return len(leads)

    async def _nudge_attempts(self) -> int:
        """The workflow has a timer of its own for a call's end; this one is for analyses and lost wake-ups."""
        async with self._sessions() as session:
            leads = await lead_progress.leads_with_overdue_attempts(
                session, overdue_before=self._clock() - GRACE, limit=BATCH
            )
        await _each(self._workflows.wake(lead.lead_id, lead.run, "an overdue call") for lead in leads)
        return len(leads)

    async def _serve_leads(self) -> int:
        async with self._sessions() as session:
            pools = await lead_progress.pools_with_due_leads(session, self._clock())
        served = [await self._hand_on.hand_on(pool_id, at_most=BATCH) for pool_id in pools]
        return sum(served)


async def _each(tasks: Iterable[Awaitable[None]]) -> None:
    """Run them a few at a time. One that the engine refuses keeps nobody else waiting: the next round has it again."""
    room = asyncio.Semaphore(AT_ONCE)

    async def run(task: Awaitable[None]) -> None:
        async with room:
            try:
                await task
            except EngineAway as error:
                log.warning("engine_away", error=str(error))

    async with asyncio.TaskGroup() as group:
        for task in tasks:
            group.create_task(run(task))
