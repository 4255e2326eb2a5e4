"""The round that heals what got lost must not get lost itself."""

from temporalio import activity
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.reconciling import Findings
from workflows import policies
from workflows.reconciliation import Reconciliation


@activity.defn(name="reconcile")
async def finds_nothing() -> Findings:
    return Findings()


async def test_a_round_whose_worker_died_is_given_up_by_its_silence_and_not_minutes_later(
    time_skipping: WorkflowEnvironment,
) -> None:
    """The schedule begins no round while one seems to run."""
    async with Worker(
        time_skipping.client, task_queue="rounds", workflows=[Reconciliation], activities=[finds_nothing]
    ):
        handle = await time_skipping.client.start_workflow(Reconciliation.run, id="round", task_queue="rounds")
        assert await handle.result() == Findings()
    scheduled = [
        event.activity_task_scheduled_event_attributes
        for event in (await handle.fetch_history()).events
        if event.HasField("activity_task_scheduled_event_attributes")
    ]
    assert [one.heartbeat_timeout.ToTimedelta() for one in scheduled] == [policies.HEARTBEAT]
