"""Leads and deliveries that went to sleep under an earlier version go on under this one."""

import asyncio
from collections.abc import Collection
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio import workflow
from temporalio.worker import UnsandboxedWorkflowRunner

from activities.messages import EventOrder, LeadInput
from tests.histories.deliveries import DELIVERIES
from tests.histories.lives import KINDS
from tests.histories.overhearing import replay, stored_commands
from tests.histories.stored import HISTORIES, OF_DELIVERIES, OF_LEADS, workflow_of


@workflow.defn(name="LeadCalling")
class SleepsFirst:
    @workflow.run
    async def run(self, lead: LeadInput) -> str:  # noqa: ARG002  (the real one's shape)
        await asyncio.sleep(60)
        return "reached"


@workflow.defn(name="EventDelivery")
class TriesFirst:
    @workflow.run
    async def run(self, order: EventOrder) -> str:
        became: str = await workflow.execute_activity(
            "retry_event", order, start_to_close_timeout=timedelta(seconds=60)
        )
        return became


OTHERWISE = {OF_LEADS: SleepsFirst, OF_DELIVERIES: TriesFirst}


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: path.stem)
async def test_a_stored_history_replays_without_another_command(path: Path) -> None:
    failure, _ = await replay(path, workflow_of(path))
    assert failure is None


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: path.stem)
async def test_a_stored_history_gives_the_same_commands_without_the_sandbox_as_production_runs_it(path: Path) -> None:
    failure, commands = await replay(path, workflow_of(path), within=UnsandboxedWorkflowRunner())
    assert failure is None
    assert commands == await stored_commands(path)


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: path.stem)
async def test_a_workflow_that_does_something_else_first_is_found_out(path: Path) -> None:
    failure, _ = await replay(path, OTHERWISE[path.parent])
    assert isinstance(failure, workflow.NondeterminismError)


@pytest.mark.parametrize(("folder", "kinds"), [(OF_LEADS, KINDS), (OF_DELIVERIES, DELIVERIES)], ids=["leads", "events"])
def test_every_kind_has_its_history(folder: Path, kinds: Collection[str]) -> None:
    assert set(kinds) <= {path.stem for path in HISTORIES if path.parent == folder}
