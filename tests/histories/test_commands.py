"""A change of what the workflow asks of the engine shows, also one that replay takes for the same."""

from pathlib import Path

import pytest

from tests.histories.changed_workflows import DialsAgain, WaitsLonger
from tests.histories.overhearing import Command, commands_path, replay, stored_commands
from tests.histories.stored import HISTORIES, OF_LEADS, WORKFLOWS, workflow_of

ANSWERED = OF_LEADS / "answered.json"

WHAT_TO_DO = """
The workflow now asks the engine for something else than when this was recorded. Whatever is asleep wakes under this
code. docs/operations/changing-a-workflow.md says which changes it survives:
- another timeout, retry policy or text, or another length of a wait, and you meant it: say so in the commit, and run
    python -m tests.histories.record --commands
- another activity, timer, marker or order: guard it with workflow.patched("what-changed"), so that this history still
  gives the commands stored here, and record a new kind for the new way:
    python -m tests.histories.record NEW_KIND
""".strip()


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: path.stem)
async def test_todays_code_gives_the_commands_that_were_stored_with_each_history(path: Path) -> None:
    _, commands = await replay(path, workflow_of(path))
    assert commands == await stored_commands(path), WHAT_TO_DO


def test_commands_are_stored_for_every_history_and_for_no_other() -> None:
    stored = {path for folder in WORKFLOWS for path in (folder / "commands").iterdir()}
    assert stored == {commands_path(path) for path in HISTORIES}


@pytest.mark.parametrize(
    ("changed", "shows_in"),
    [
        pytest.param(WaitsLonger, "start_timer", id="a-longer-timer"),
        pytest.param(DialsAgain, "schedule_activity", id="a-dial-that-is-tried-again"),
    ],
)
async def test_a_change_that_replay_takes_for_the_same_shows_in_the_commands(changed: type, shows_in: str) -> None:
    failure, commands = await replay(ANSWERED, changed)
    assert failure is None
    assert differing(commands, await stored_commands(ANSWERED)) == [shows_in]


def differing(commands: list[Command], stored: list[Command]) -> list[str]:
    return [next(iter(now)) for now, then in zip(commands, stored, strict=True) if now != then]
