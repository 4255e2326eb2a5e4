"""Leads that went to sleep under an earlier version go on under this one."""

import asyncio
from pathlib import Path

import pytest
from temporalio import workflow
from temporalio.worker import UnsandboxedWorkflowRunner

from activities.messages import LeadInput
from tests.histories.lives import KINDS
from tests.histories.overhearing import replay, stored_commands
from workflows.lead_calling import LeadCalling


@workflow.defn(name="LeadCalling")
class SleepsFirst:
    @workflow.run
    async def run(self, lead: LeadInput) -> str:  # noqa: ARG002  (the real one's shape)
        await asyncio.sleep(60)
        return "reached"


HISTORIES = sorted(Path(__file__).parent.glob("*.json"))


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: path.stem)
async def test_a_stored_history_replays_without_another_command(path: Path) -> None:
    failure, _ = await replay(path, LeadCalling)
    assert failure is None


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: path.stem)
async def test_a_stored_history_gives_the_same_commands_without_the_sandbox_as_production_runs_it(path: Path) -> None:
    failure, commands = await replay(path, LeadCalling, within=UnsandboxedWorkflowRunner())
    assert failure is None
    assert commands == await stored_commands(path)


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: path.stem)
async def test_a_workflow_that_does_something_else_first_is_found_out(path: Path) -> None:
    failure, _ = await replay(path, SleepsFirst)
    assert isinstance(failure, workflow.NondeterminismError)


def test_every_kind_of_life_has_its_history() -> None:
    assert set(KINDS) <= {path.stem for path in HISTORIES}
