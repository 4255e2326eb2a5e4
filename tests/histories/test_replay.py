"""Leads that went to sleep under an earlier version go on under this one."""

import asyncio
from pathlib import Path

import pytest
from temporalio import workflow
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer

from activities.messages import LeadInput
from tests.histories.lives import KINDS
from workflows import LeadCalling


@workflow.defn(name="LeadCalling")
class SleepsFirst:
    @workflow.run
    async def run(self, lead: LeadInput) -> str:  # noqa: ARG002  (the real one's shape)
        await asyncio.sleep(60)
        return "reached"


HISTORIES = sorted(Path(__file__).parent.glob("*.json"))

# A mismatch can make the replayer hang instead of raising.
REPLAY_SECONDS = 30


async def replay(path: Path, lead_workflow: type) -> Exception | None:
    history = WorkflowHistory.from_json(path.stem, await asyncio.to_thread(path.read_text))
    replayer = Replayer(workflows=[lead_workflow], data_converter=pydantic_data_converter)
    async with asyncio.timeout(REPLAY_SECONDS):
        result = await replayer.replay_workflow(history, raise_on_replay_failure=False)
    return result.replay_failure


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: path.stem)
async def test_a_stored_history_replays_without_another_command(path: Path) -> None:
    assert await replay(path, LeadCalling) is None


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: path.stem)
async def test_a_workflow_that_does_something_else_first_is_found_out(path: Path) -> None:
    assert isinstance(await replay(path, SleepsFirst), workflow.NondeterminismError)


def test_every_kind_of_life_has_its_history() -> None:
    assert set(KINDS) <= {path.stem for path in HISTORIES}
