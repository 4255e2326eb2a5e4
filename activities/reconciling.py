"""The activity that heals what got lost between the database and the engine."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from temporalio import activity

from activities import inbox
from activities.beating import beating
from activities.bulk_start import BulkStart
from activities.coming_due import ComingDue
from activities.deciding import give_back_expired
from activities.deleting_calls import CallDeletions
from activities.finishing import FinishedCampaigns
from activities.hand_on import SlotHandOn
from activities.inbound_overdue import OverdueInboundCalls
from activities.lead_workflows import EngineAway, LeadWorkflows
from activities.left_imports import LeftImports
from activities.missing_workflows import MissingWorkflows
from activities.provider_limits import LimitsRead, ProviderLimits
from activities.replanning import Replanning
from activities.round_metrics import RoundMetrics
from activities.scheduled_times import TimesCheck
from activities.steps_of_a_round import Steps
from storage import lead_progress, slots, turns, webhook_events
from storage.lead_progress import LeadRun
from storage.situations import lock_lead

log = structlog.get_logger(__name__)

GRACE = timedelta(seconds=10)
"""What is younger is probably still being done by whoever committed it."""

BATCH = 500
AT_ONCE = 10
A_FEW = 5

ROUND = timedelta(seconds=27)
"""A round is over when the schedule begins the next, which looks after what can't wait."""

LEAST_OF_A_ROUND = timedelta(seconds=3)
"""Leads get workflows for so long also when everything else took the whole round."""


@dataclass(frozen=True, slots=True)
class Findings:
    """How many of each were found and seen to; ``docs/operations/metrics.md`` says what each means."""

    workflows_started: int = 0
    events_forwarded: int = 0
    attempts_nudged: int = 0
    leads_served: int = 0
    grants_given_back: int = 0
    workflows_missing: int = 0
    slots_idle: int = 0
    limits_unread: int = 0
    slots_leaked: int = 0
    leads_replanned: int = 0
    times_against_rules: int = 0
    inbound_calls_settled: int = 0
    imports_resumed: int = 0
    calls_deleted: int = 0


class Reconcile:
    def __init__(
        self,
        sessions: async_sessionmaker[AsyncSession],
        workflows: LeadWorkflows,
        hand_on: SlotHandOn,
        limits: ProviderLimits,
        replanning: Replanning,
        coming_due: ComingDue,
        inbound: OverdueInboundCalls,
        deletions: CallDeletions,
        metrics: RoundMetrics,
        clock: Callable[[], datetime],
    ) -> None:
        self._sessions = sessions
        self._workflows = workflows
        self._hand_on = hand_on
        self._limits = limits
        self._replanning = replanning
        self._coming_due = coming_due
        self._deletions = deletions
        self._finished = FinishedCampaigns(sessions, clock)
        self._times = TimesCheck(sessions, clock)
        self._missing = MissingWorkflows(sessions, workflows, clock)
        self._inbound = inbound
        self._imports = LeftImports(sessions, workflows, clock)
        self._bulk = BulkStart(sessions, workflows, clock)
        self._metrics = metrics
        self._metrics.count(asdict(Findings()))
        self._clock = clock

    @activity.defn
    async def reconcile(self) -> Findings:
        """Start, forward, nudge and serve what was left behind. Safe to repeat and to run twice at once."""
        steps = Steps()
        async with beating():
            with self._metrics.round():
                findings = await self._heal(steps)
                self._metrics.count(asdict(findings))
                steps.end()
        return findings

    async def _heal(self, steps: Steps) -> Findings:
        """What takes longest comes last: a hundred thousand leads that were just imported keep nothing else waiting."""
        ends_at = time.monotonic() + ROUND.total_seconds()
        events_forwarded = await steps.take("forward", self._forward_events(), otherwise=0)
        grants_given_back = await steps.take("grants", self._give_back_grants(), otherwise=0)
        attempts_nudged, nudged_missing = await steps.take("nudge", self._nudge_attempts(), otherwise=(0, 0))
        missing = await steps.take("missing", self._look_for_missing(), otherwise=0)
        inbound = await steps.take("inbound", self._inbound.settle(), otherwise=())
        imports = await steps.take("imports", self._imports.resume(), otherwise=())
        calls_deleted = await steps.take("deletions", self._deletions.run_round(), otherwise=0)
        limits = await steps.take("limits", self._limits.refresh(), otherwise=LimitsRead())
        times_against_rules = await steps.take("times", self._times.check(), otherwise=0)
        await steps.take("finished", self._finished.run_round(), otherwise=0)
        leads_replanned = await steps.take("replan", self._replanning.run_round(), otherwise=0)
        leads_served, slots_idle = await steps.take("serve", self._serve_leads(), otherwise=(0, 0))
        return Findings(
            events_forwarded=events_forwarded,
            grants_given_back=grants_given_back,
            attempts_nudged=attempts_nudged,
            workflows_missing=nudged_missing + missing,
            limits_unread=limits.unread,
            slots_leaked=limits.slots_leaked,
            times_against_rules=times_against_rules,
            inbound_calls_settled=_found("inbound_calls_settled", inbound),
            imports_resumed=_found("imports_resumed", imports),
            calls_deleted=calls_deleted,
            leads_replanned=leads_replanned,
            leads_served=leads_served,
            slots_idle=slots_idle,
            workflows_started=await steps.take("start", self._start_workflows(ends_at), otherwise=0),
        )

    async def _start_workflows(self, ends_at: float) -> int:
        at_most = timedelta(seconds=ends_at - time.monotonic())
        return _found("workflows_started", await self._bulk.start(at_most=max(at_most, LEAST_OF_A_ROUND)))

    async def _look_for_missing(self) -> int:
        return _found("workflows_missing", await self._missing.look(), is_wrong=True)

    async def _forward_events(self) -> int:
        async with self._sessions() as session:
            events = await webhook_events.overdue_events(session, received_before=self._clock() - GRACE, limit=BATCH)
        attempt_ids = {event.attempt_id for event in events}
        await _each([inbox.forward(self._sessions, self._workflows, attempt_ids, now=self._clock())])
        return _found("events_forwarded", [event.event_id for event in events])

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
        return _found("grants_given_back", leads)

    async def _nudge_attempts(self) -> tuple[int, int]:
        """The workflow has a timer of its own for a call's end; this one is for analyses and lost wake-ups.

        Returns:
            How many were overdue, and for how many of their leads the engine has no workflow.
        """
        async with self._sessions() as session:
            leads = await lead_progress.leads_with_overdue_attempts(
                session, overdue_before=self._clock() - GRACE, limit=BATCH
            )
        missing: list[UUID] = []

        async def nudge(lead: LeadRun) -> None:
            if not await self._workflows.wake(lead.lead_id, lead.run, "an overdue call"):
                missing.append(lead.lead_id)

        await _each(nudge(lead) for lead in leads)
        await self._missing.hand_over_again(missing)
        nudged = _found("attempts_nudged", [lead.lead_id for lead in leads])
        return nudged, _found("workflows_missing", missing, is_wrong=True)

    async def _serve_leads(self) -> tuple[int, int]:
        """Hand on what is free.

        Returns:
            How many leads were served, and how many of them by slots that had idled while they waited.
        """
        async with self._sessions() as session:
            pools = await turns.pools_with_due_leads(session, self._clock())
            idle = await self._idle_pools(session)
        served = {pool_id: await self._hand_on.hand_on(pool_id, at_most=BATCH) for pool_id in pools}
        in_idle = sum(served.get(pool_id, 0) for pool_id in idle)
        if in_idle:
            log.warning("reconciled", finding="slots_idle", count=in_idle, pools=[str(one) for one in idle[:A_FEW]])
        await self._coming_due.look_ahead()
        return sum(served.values()), in_idle

    async def _idle_pools(self, session: AsyncSession) -> Sequence[UUID]:
        """Pools that a lead has waited for a while although a slot is free and nothing holds a dial up."""
        now = self._clock()
        pools = await turns.pools_with_due_leads(session, now - GRACE)
        return [pool_id for pool_id in pools if await slots.has_room(session, pool_id, dial_by=now)]


def _found(finding: str, ids: Sequence[UUID], *, is_wrong: bool = False) -> int:
    """Log what was found, if anything, with a few of the leads or attempts; ``is_wrong``: it never should be."""
    if ids:
        tell = log.warning if is_wrong else log.info
        tell("reconciled", finding=finding, count=len(ids), ids=[str(one) for one in ids[:A_FEW]])
    return len(ids)


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
