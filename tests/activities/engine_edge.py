"""Where requests to Temporal leave the process: they are written down instead, or refused as a server would."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from temporalio.api.enums.v1 import WorkflowExecutionStatus
from temporalio.api.workflow.v1 import WorkflowExecutionInfo
from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionResponse
from temporalio.client import (
    DescribeWorkflowInput,
    Interceptor,
    OutboundInterceptor,
    SignalWorkflowInput,
    StartWorkflowInput,
    WorkflowExecutionDescription,
    WorkflowHandle,
)
from temporalio.converter import DataConverter
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode
from typing_extensions import override

RUNNING = WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING
TERMINATED = WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_TERMINATED


class EngineEdge(Interceptor):
    """``is_away``: nobody answers. ``missing``, ``ended``: ids of workflows that don't exist, or exist no more.

    ``at_start``: what happens elsewhere while a workflow is started; ``before_answer``: while somebody asks about one.
    ``signalled`` is set by each signal.
    """

    def __init__(self) -> None:
        self.started: list[str] = []
        self.signals: list[tuple[str, str]] = []
        self.signalled = asyncio.Event()
        self.asked_for: list[str] = []
        self.is_away = False
        self.missing: set[str] = set()
        self.ended: set[str] = set()
        self.at_start: Callable[[], Awaitable[object]] | None = None
        self.before_answer: Callable[[], Awaitable[object]] | None = None

    @override
    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:
        return _Edge(next, self)

    def reach(self, workflow_id: str) -> None:
        if self.is_away:
            raise RPCError("no route to the server", RPCStatusCode.UNAVAILABLE, b"")
        if workflow_id in self.missing | self.ended:
            raise RPCError("workflow not found", RPCStatusCode.NOT_FOUND, b"")


class _Edge(OutboundInterceptor):
    def __init__(self, following: OutboundInterceptor, engine: EngineEdge) -> None:
        super().__init__(following)
        self._engine = engine

    @override
    async def start_workflow(self, input: StartWorkflowInput) -> WorkflowHandle[Any, Any]:
        if input.id in self._engine.ended:
            raise WorkflowAlreadyStartedError(input.id, input.workflow)
        self._engine.missing.discard(input.id)
        self._engine.reach(input.id)
        self._engine.started.append(input.id)
        if self._engine.at_start is not None:
            await self._engine.at_start()
        handle: WorkflowHandle[Any, Any] = WorkflowHandle(None, input.id)  # type: ignore[arg-type]
        return handle

    @override
    async def describe_workflow(self, input: DescribeWorkflowInput) -> WorkflowExecutionDescription:
        if input.id not in self._engine.ended:
            self._engine.reach(input.id)
        self._engine.asked_for.append(input.id)
        if self._engine.before_answer is not None:
            await self._engine.before_answer()
        status = TERMINATED if input.id in self._engine.ended else RUNNING
        described = DescribeWorkflowExecutionResponse(workflow_execution_info=WorkflowExecutionInfo(status=status))
        return await WorkflowExecutionDescription._from_raw_description(described, "default", DataConverter.default)

    @override
    async def signal_workflow(self, input: SignalWorkflowInput) -> None:
        self._engine.reach(input.id)
        self._engine.signals.append((input.id, input.signal))
        self._engine.signalled.set()
