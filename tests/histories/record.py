"""Writes the histories that the replay test holds workflows to: ``python -m tests.histories.record [KIND …]``.

Kinds are those of leads and of deliveries. Record one when it is new. One that changed is kept beside the old one under
another name for as long as workflows of that shape may still be asleep somewhere.

``python -m tests.histories.record --commands [KIND …]`` leaves histories alone and writes down anew which commands
today's code gives when it replays them: after a change that docs/operations/changing-a-workflow.md calls safe.
"""

import asyncio
import json
import sys
from pathlib import Path
from uuid import uuid4

from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.event_workflows import event_workflow_id
from activities.messages import EventOrder, LeadInput
from tests.histories.deliveries import DELIVERIES
from tests.histories.lives import KINDS, life
from tests.histories.overhearing import commands_path, replay
from tests.histories.stored import HISTORIES, OF_DELIVERIES, OF_LEADS, workflow_of
from tests.workflows.scripted_addresses import Address
from workflows.event_delivery import EventDelivery
from workflows.lead_calling import LeadCalling

TEST_SERVER = Path(sys.executable).parent / "temporal-test-server"


async def record(kind: str) -> None:
    environment = await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=str(TEST_SERVER), data_converter=pydantic_data_converter, identity="recorder"
    )
    async with environment:
        if kind in DELIVERIES:
            folder, history = OF_DELIVERIES, await _delivery(kind, environment)
        else:
            folder, history = OF_LEADS, await _lead(kind, environment)
    path = folder / f"{kind}.json"
    await asyncio.to_thread(path.write_text, _tidy(history.to_json()))
    await record_commands(path)


async def _lead(kind: str, environment: WorkflowEnvironment) -> WorkflowHistory:
    script, tell = await life(kind, environment)
    lead = LeadInput(uuid4())
    async with Worker(environment.client, task_queue="leads", workflows=[LeadCalling], activities=script.all):
        handle = await environment.client.start_workflow(
            LeadCalling.run, lead, id=f"lead-{lead.lead_id}", task_queue="leads"
        )
        await tell(handle, script)
        await handle.result()
    return await handle.fetch_history()


async def _delivery(kind: str, environment: WorkflowEnvironment) -> WorkflowHistory:
    address, order = Address(DELIVERIES[kind]), EventOrder(uuid4(), uuid4())
    async with Worker(
        environment.client, task_queue="events", workflows=[EventDelivery], activities=[address.retry_event]
    ):
        handle = await environment.client.start_workflow(
            EventDelivery.run, order, id=event_workflow_id(order), task_queue="events"
        )
        await handle.result()
    return await handle.fetch_history()


async def record_commands(path: Path) -> None:
    failure, commands = await replay(path, workflow_of(path))
    if failure is not None:
        raise failure
    await asyncio.to_thread(commands_path(path).write_text, json.dumps(commands, indent=1, ensure_ascii=False) + "\n")


def _tidy(history: str) -> str:
    """Without stack traces: they name folders of the machine that recorded."""

    def without_traces(value: dict[str, object]) -> dict[str, object]:
        return {name: inner for name, inner in value.items() if name != "stackTrace"}

    return json.dumps(json.loads(history, object_hook=without_traces), indent=1) + "\n"


async def main(arguments: list[str]) -> None:
    kinds = [argument for argument in arguments if not argument.startswith("--")]
    if "--commands" in arguments:
        for path in HISTORIES:
            if path.stem in kinds or not kinds:
                await record_commands(path)
        return
    for kind in kinds or (*KINDS, *DELIVERIES):
        await record(kind)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
