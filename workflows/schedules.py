"""The schedules that have to exist in the engine."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
    ScheduleUpdate,
)

from workflows import policies
from workflows.reconciliation import Reconciliation
from workflows.recordings import Recordings

RECONCILIATION_ID = "leadline-reconciliation"
RECONCILE_EVERY = timedelta(seconds=30)
RECORDINGS_ID = "leadline-recordings"
RECORDINGS_EVERY = timedelta(minutes=1)

# After an outage one round finds everything; the rounds that were missed have nothing more to find.
CATCH_UP = timedelta(minutes=1)

# A round that is asked for while one runs follows it: that one may be of a worker that died, or end a moment late.
OVERLAP = ScheduleOverlapPolicy.BUFFER_ONE


async def ensure_reconciliation(client: Client, task_queue: str) -> None:
    """Make the schedule what it is here, and run a round now. Safe to repeat from any number of processes."""
    await _ensure(client, RECONCILIATION_ID, _reconciliation(task_queue))


async def ensure_recordings(client: Client, task_queue: str) -> None:
    """The same for the rounds that fetch recordings."""
    await _ensure(client, RECORDINGS_ID, _recordings(task_queue))


async def _ensure(client: Client, schedule_id: str, schedule: Schedule) -> None:
    try:
        await client.create_schedule(schedule_id, schedule, trigger_immediately=True)
    except ScheduleAlreadyRunningError:
        handle = client.get_schedule_handle(schedule_id)
        await handle.update(lambda _: ScheduleUpdate(schedule))
        await handle.trigger()


def _reconciliation(task_queue: str) -> Schedule:
    return _every(RECONCILE_EVERY, _first(Reconciliation.run, "reconciliation", task_queue))


def _recordings(task_queue: str) -> Schedule:
    return _every(RECORDINGS_EVERY, _first(Recordings.run, "recordings", task_queue))


def _first(run: Callable[..., Awaitable[Any]], workflow_id: str, task_queue: str) -> ScheduleActionStartWorkflow:
    """A round that goes before all leads: it heals what goes wrong where too many of them wait."""
    return ScheduleActionStartWorkflow(run, id=workflow_id, task_queue=task_queue, priority=policies.BEFORE_LEADS)


def _every(interval: timedelta, action: ScheduleActionStartWorkflow) -> Schedule:
    return Schedule(
        action=action,
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=interval)]),
        policy=SchedulePolicy(overlap=OVERLAP, catchup_window=CATCH_UP),
    )
