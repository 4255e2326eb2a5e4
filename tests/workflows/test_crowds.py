"""More leads at once than can be decided about: they wait where waiting costs nothing, and nobody's healer waits."""

import asyncio
from datetime import timedelta
from uuid import uuid4

from temporalio import activity
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHandle
from temporalio.worker import Worker

from activities.messages import LeadInput
from domain.steps import Step, Stop
from tests.patience import PATIENCE_SECONDS
from worker import DECISIONS_AT_ONCE, WORKFLOWS_AT_ONCE
from workflows.lead_calling import LeadCalling
from workflows.reconciliation import Reconciliation
from workflows.schedules import ensure_reconciliation

CROWD = 6 * WORKFLOWS_AT_ONCE
DECIDING_SECONDS = 0.2
TASK_TIME = timedelta(seconds=1)
"""Ten times less than leads have; a decision takes ten times longer than on a busy machine."""

ONE_TASK = [EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED]


class Crowded:
    """Decisions that take their time, and a reconciliation that notes how many were made before it."""

    def __init__(self) -> None:
        self.decided = 0
        self.reconciled_after: list[int] = []
        self.reconciled = asyncio.Event()

    @activity.defn
    async def next_step(self, lead: LeadInput) -> Step:  # noqa: ARG002  (the real one's shape)
        await asyncio.sleep(DECIDING_SECONDS)
        self.decided += 1
        return Stop("reached")

    @activity.defn
    async def reconcile(self) -> None:
        self.reconciled_after.append(self.decided)
        self.reconciled.set()

    def worker(self, client: Client, task_queue: str) -> Worker:
        return Worker(
            client,
            task_queue=task_queue,
            workflows=[LeadCalling, Reconciliation],
            activities=[self.next_step, self.reconcile],
            max_concurrent_local_activities=DECISIONS_AT_ONCE,
            max_concurrent_workflow_tasks=WORKFLOWS_AT_ONCE,
        )


async def gather_crowd(client: Client, task_queue: str) -> list[WorkflowHandle[LeadCalling, str]]:
    """Leads whose workflows are started, and none of which was taken up yet."""
    leads = [LeadInput(uuid4()) for _ in range(CROWD)]
    return [
        await client.start_workflow(
            LeadCalling.run, lead, id=f"lead-{lead.lead_id}", task_queue=task_queue, task_timeout=TASK_TIME
        )
        for lead in leads
    ]


async def test_each_of_a_crowd_is_decided_about_once_and_in_one_task(client: Client) -> None:
    task_queue, crowded = f"crowd-{uuid4()}", Crowded()
    crowd = await gather_crowd(client, task_queue)
    async with asyncio.timeout(PATIENCE_SECONDS), crowded.worker(client, task_queue):
        assert {await handle.result() for handle in crowd} == {"reached"}
    assert crowded.decided == CROWD
    for handle in crowd:
        events = [event.event_type for event in (await handle.fetch_history()).events]
        assert [one for one in events if one in ONE_TASK] == ONE_TASK


async def test_the_reconciliation_goes_before_a_crowd(client: Client) -> None:
    task_queue, crowded = f"crowd-{uuid4()}", Crowded()
    crowd = await gather_crowd(client, task_queue)
    await ensure_reconciliation(client, task_queue)
    async with asyncio.timeout(PATIENCE_SECONDS), crowded.worker(client, task_queue):
        await crowded.reconciled.wait()
        await asyncio.gather(*(handle.result() for handle in crowd))
    await client.get_schedule_handle("leadline-reconciliation").delete()
    assert crowded.reconciled_after[0] < CROWD / 2
