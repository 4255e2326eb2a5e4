"""The commands that today's code gives the engine when it replays a stored history.

Replay itself compares their order and kind only: it takes a timer of another length or an activity with another
timeout for the same. So every stored history has its commands stored beside it, in ``commands/``.
"""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

from google.protobuf.json_format import MessageToDict
from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.bridge.proto.workflow_commands import WorkflowCommand
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer, WorkflowInstance, WorkflowInstanceDetails, WorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner
from temporalio.workflow import Info
from typing_extensions import override

from runtime.payloads import data_converter
from tests.patience import PATIENCE_SECONDS

# A mismatch can make the replayer hang instead of raising.

Command = dict[str, Any]

# What the life brought along rather than the code, or what every run has anew.
_OF_THE_LIFE = frozenset({"arguments", "result", "activityId", "taskQueue", "originalScheduleTime", "userMetadata"})


class _Overheard(WorkflowInstance):
    """A workflow whose commands are kept."""

    def __init__(self, instance: WorkflowInstance, commands: list[WorkflowCommand]) -> None:
        self._instance = instance
        self._commands = commands

    @override
    def activate(self, act: WorkflowActivation) -> WorkflowActivationCompletion:
        completion = self._instance.activate(act)
        self._commands.extend(completion.successful.commands)
        return completion

    @override
    def get_serialization_context(self, command_info: Any) -> Any:
        return self._instance.get_serialization_context(command_info)

    @override
    def get_external_store_context(self, command_info: Any) -> Any:
        return self._instance.get_external_store_context(command_info)

    @override
    def get_info(self) -> Info:
        return self._instance.get_info()

    @override
    def get_thread_id(self) -> int | None:
        return self._instance.get_thread_id()


class _OverhearingRunner(WorkflowRunner):
    def __init__(self, runner: WorkflowRunner) -> None:
        self.commands: list[WorkflowCommand] = []
        self._runner = runner

    @override
    def prepare_workflow(self, defn: Any) -> None:
        self._runner.prepare_workflow(defn)

    @override
    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        return _Overheard(self._runner.create_instance(det), self.commands)


async def replay(
    path: Path, played_by: type, *, within: WorkflowRunner | None = None
) -> tuple[Exception | None, list[Command]]:
    """Play a stored history through a workflow: why it couldn't, if so, and the commands that it gave.

    Args:
        within: What the workflow runs in; the sandbox, where nobody says.
    """
    history = WorkflowHistory.from_json(path.stem, await asyncio.to_thread(path.read_text))
    runner = _OverhearingRunner(within or SandboxedWorkflowRunner())
    replayer = Replayer(workflows=[played_by], data_converter=data_converter, workflow_runner=runner)
    async with asyncio.timeout(PATIENCE_SECONDS):
        result = await replayer.replay_workflow(history, raise_on_replay_failure=False)
    return result.replay_failure, [_told(command) for command in runner.commands]


def commands_path(history: Path) -> Path:
    return history.parent / "commands" / history.name


async def stored_commands(history: Path) -> list[Command]:
    return list(json.loads(await asyncio.to_thread(commands_path(history).read_text)))


def _told(command: WorkflowCommand) -> Command:
    """One command as it is compared: what the code decided, its summary with # for every figure in it."""
    name = str(command.WhichOneof("variant"))
    fields = MessageToDict(getattr(command, name))
    told: Command = {name: {key: value for key, value in fields.items() if key not in _OF_THE_LIFE}}
    if command.user_metadata.summary.data:
        told["summary"] = re.sub(r"\d+", "#", json.loads(command.user_metadata.summary.data))
    return told
