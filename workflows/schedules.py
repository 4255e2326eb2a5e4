"""The schedules that have to exist in the engine."""

from datetime import timedelta

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
)

from workflows.reconciliation import Reconciliation

RECONCILIATION_ID = "leadline-reconciliation"
RECONCILE_EVERY = timedelta(seconds=30)

# After an outage one round finds everything; the rounds that were missed have nothing more to find.
CATCH_UP = timedelta(minutes=1)


async def ensure_reconciliation(client: Client, task_queue: str) -> None:
    """Make the schedule unless it exists, and run a round now. Safe to repeat from any number of processes."""
    try:
        await client.create_schedule(RECONCILIATION_ID, _reconciliation(task_queue), trigger_immediately=True)
    except ScheduleAlreadyRunningError:
        await client.get_schedule_handle(RECONCILIATION_ID).trigger()


def _reconciliation(task_queue: str) -> Schedule:
    return Schedule(
        action=ScheduleActionStartWorkflow(Reconciliation.run, id="reconciliation", task_queue=task_queue),
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=RECONCILE_EVERY)]),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=CATCH_UP),
    )
