"""What a workflow costs its engine, counted from its history.

Source: docs.temporal.io/cloud/actions. Not in a history, so not counted here: heartbeats that reach the server,
queries, and the schedule that starts a workflow.
"""

from collections.abc import Sequence

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent

_LOCAL_ACTIVITY = "core_local_activity"

_ACTIONS = {
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED: 1,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED: 1,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED: 1,
    EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED: 1,
    EventType.EVENT_TYPE_TIMER_STARTED: 1,
    EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES: 1,
    EventType.EVENT_TYPE_WORKFLOW_PROPERTIES_MODIFIED: 1,
    EventType.EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED: 1,
    EventType.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED: 2,
}


def billable_actions(events: Sequence[HistoryEvent]) -> int:
    """The Actions of one run. All local activities of one workflow task are one, each retry of an activity is one."""
    return sum(_ACTIONS.get(event.event_type, 0) + _retries(event) for event in events) + _local_batches(events)


def _retries(event: HistoryEvent) -> int:
    """Only the last try of an activity leaves an event, and says how many there were."""
    if event.event_type != EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED:
        return 0
    return event.activity_task_started_event_attributes.attempt - 1


def _local_batches(events: Sequence[HistoryEvent]) -> int:
    markers = [event.marker_recorded_event_attributes for event in events]
    tasks = {mark.workflow_task_completed_event_id for mark in markers if mark.marker_name == _LOCAL_ACTIVITY}
    return len(tasks)
