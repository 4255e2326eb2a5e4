"""Starts the workflows that try failed deliveries of events again."""

from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy

from activities.lead_workflows import unless_away
from activities.messages import EVENT_WORKFLOW, EventOrder


class EventWorkflows:
    def __init__(self, client: Client, task_queue: str) -> None:
        self._client = client
        self._task_queue = task_queue

    async def start(self, order: EventOrder) -> None:
        """Have a delivery tried again, unless it is being; one workflow for each round. Raises ``EngineAway``."""
        with unless_away():
            await self._client.start_workflow(
                EVENT_WORKFLOW,
                order,
                id=event_workflow_id(order),
                task_queue=self._task_queue,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                static_summary="An event that couldn't be delivered at once",
            )


def event_workflow_id(order: EventOrder) -> str:
    return f"event-{order.delivery_id}" if order.round == 1 else f"event-{order.delivery_id}-r{order.round}"
