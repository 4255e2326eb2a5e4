"""Where requests to Temporal leave the process: they are written down instead, or refused as a server would."""

from typing import Any

from temporalio.client import (
    Interceptor,
    OutboundInterceptor,
    SignalWorkflowInput,
    StartWorkflowInput,
    WorkflowHandle,
)
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode
from typing_extensions import override


class EngineEdge(Interceptor):
    """``is_away``: nobody answers. ``missing``, ``ended``: ids of workflows that don't exist, or exist no more."""

    def __init__(self) -> None:
        self.started: list[str] = []
        self.signals: list[tuple[str, str]] = []
        self.is_away = False
        self.missing: set[str] = set()
        self.ended: set[str] = set()

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
        handle: WorkflowHandle[Any, Any] = WorkflowHandle(None, input.id)  # type: ignore[arg-type]
        return handle

    @override
    async def signal_workflow(self, input: SignalWorkflowInput) -> None:
        self._engine.reach(input.id)
        self._engine.signals.append((input.id, input.signal))
