"""The workflow of a file asks until the file is taken in, and its history knows nothing of what is in the file."""

from uuid import UUID, uuid4

from temporalio import activity
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from workflows import policies
from workflows.lead_import import LeadImport


async def test_an_import_is_asked_for_until_it_is_over_also_through_failures(
    time_skipping: WorkflowEnvironment,
) -> None:
    import_id = uuid4()
    asked: list[UUID] = []

    @activity.defn(name="take_in_import")
    async def take_in_import(import_id: UUID) -> bool:
        asked.append(import_id)
        if len(asked) == 2:
            raise ApplicationError("the database is away")
        return len(asked) == 4

    client = time_skipping.client
    async with Worker(client, task_queue="files", workflows=[LeadImport], activities=[take_in_import]):
        handle = await client.start_workflow(LeadImport.run, import_id, id="import-1", task_queue="files")
        await handle.result()
    assert asked == [import_id] * 4
    scheduled = [
        event.activity_task_scheduled_event_attributes
        for event in (await handle.fetch_history()).events
        if event.HasField("activity_task_scheduled_event_attributes")
    ]
    assert {one.heartbeat_timeout.ToTimedelta() for one in scheduled} == {policies.HEARTBEAT}
    assert {payload.data.decode() for one in scheduled for payload in one.input.payloads} == {f'"{import_id}"'}
