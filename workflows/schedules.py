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
    ScheduleUpdate,
)

from workflows.reconciliation import Reconciliation

RECONCILIATION_ID = "leadline-reconciliation"
RECONCILE_EVERY = timedelta(seconds=30)

# After an outage one round finds everything; the rounds that were missed have nothing more to find.
CATCH_UP = timedelta(minutes=1)

# A round that is asked for while one runs follows it: that one may be of a worker that died, or end a moment late.
OVERLAP = ScheduleOverlapPolicy.BUFFER_ONE


async def ensure_reconciliation(client: Client, task_queue: str) -> None:
    """Make the schedule what it is here, and run a round now. Safe to repeat from any number of processes."""
    schedule = _reconciliation(task_queue)
    try:
        await client.create_schedule(RECONCILIATION_ID, schedule, trigger_immediately=True)
    except ScheduleAlreadyRunningError:
        handle = client.get_schedule_handle(RECONCILIATION_ID)
        await handle.update(lambda _: ScheduleUpdate(schedule))
        await handle.trigger()


def _reconciliation(task_queue: str) -> Schedule:
    return Schedule(
        action=ScheduleActionStartWorkflow(Reconciliation.run, id="reconciliation", task_queue=task_queue),
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=RECONCILE_EVERY)]),
        policy=SchedulePolicy(overlap=OVERLAP, catchup_window=CATCH_UP),
    )
