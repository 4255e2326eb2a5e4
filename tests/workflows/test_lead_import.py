"""The workflow of a file asks until the file is taken in, and its history knows nothing of what is in the file."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select, text
from temporalio import activity
from temporalio.client import Client, WorkflowHandle
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.lead_workflows import LeadWorkflows
from storage.models import LeadImportRow, LeadRow
from tests.builders import Sessions, World
from tests.file_builder import add_import
from tests.patience import PATIENCE_SECONDS
from tests.workflows.real_life import CANARY, Life
from workflows import policies
from workflows.lead_import import LeadImport

NUMBER = "+13125550178"

BREAK_LEADS = """
create function break_leads() returns trigger language plpgsql as $$
begin
  raise exception 'no lead for % %', new.name, new.custom_fields;
end $$
"""
"""A database that fails as its worst: with the whole person in its message."""


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


async def test_the_engine_has_a_file_taken_in_and_learns_nothing_of_the_people_in_it(
    life: Life, client: Client, sessions: Sessions, world: World
) -> None:
    import_id = await add_import(sessions, world, f"phone,note\n{NUMBER},{CANARY}\nnobody,{CANARY}\n")
    async with sessions.begin() as session:
        await session.execute(text(BREAK_LEADS))
        await session.execute(
            text("create trigger break_leads before insert on leads for each row execute function break_leads()")
        )
    handle = client.get_workflow_handle(f"import-{import_id}")
    async with life.worker():
        await LeadWorkflows(client, str(life.lead.id)).start_import(import_id)
        await _has_failed(handle)
        async with sessions.begin() as session:
            await session.execute(text("drop trigger break_leads on leads"))
        await LeadWorkflows(client, str(life.lead.id)).start_import(import_id)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await handle.result()
    async with sessions() as session:
        done = await session.get_one(LeadImportRow, import_id)
        notes = (await session.scalars(select(LeadRow.custom_fields["note"].astext))).all()
    assert (done.status, done.rows_accepted, done.rows_rejected) == ("done", 1, 1)
    assert CANARY in notes
    written = b"".join(event.SerializeToString() for event in (await handle.fetch_history()).events)
    assert [canary for canary in (CANARY, NUMBER, NUMBER[2:]) if canary.encode() in written] == []


async def _has_failed(handle: WorkflowHandle[Any, Any]) -> None:
    """Until the engine tries the activity again."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            pending = (await handle.describe()).raw_description.pending_activities
            if any(one.HasField("last_failure") for one in pending):
                assert CANARY.encode() not in pending[0].last_failure.SerializeToString()
                return
            await asyncio.sleep(0.05)
