"""How little a lead asks of the engine, which is what limits how many leads one machine can call."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from google.protobuf.json_format import ParseDict
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client, WorkflowHistory

from tests.builders import Sessions, World, add_lead
from tests.workflows.actions import billable_actions
from tests.workflows.real_life import WHOLE_CALL, Life, result

MOST_EVENTS = 24
MOST_ACTIONS = 8
"""Start, two decisions, the dial, its timer, three signals."""

HISTORIES = Path(__file__).parent.parent / "histories"


async def test_a_lead_answered_at_the_first_attempt_costs_the_engine_little(
    client: Client, sessions: Sessions, world: World
) -> None:
    lives = [await events_of_a_life(client, sessions, world, number) for number in range(3)]
    for events in lives:
        signals = [event.workflow_execution_signaled_event_attributes.signal_name for event in events]
        assert sorted(name for name in signals if name) == sorted(WHOLE_CALL)
        assert billable_actions(events) <= MOST_ACTIONS
    # Signals that are sent together share a workflow task of three events, unless the machine is too busy with others
    # to let them arrive together. What one life needs at least is ours.
    assert min(len(events) for events in lives) <= MOST_EVENTS


async def events_of_a_life(client: Client, sessions: Sessions, world: World, number: int) -> Sequence[HistoryEvent]:
    life = Life(client, sessions, world, await add_lead(sessions, world, f"+1312555010{number}"))
    async with life.worker():
        handle = await life.start()
        await life.is_dialled(1)
        await life.report(1, "user_hangup", *WHOLE_CALL)
        assert await result(handle) == "reached"
    return (await handle.fetch_history()).events


@pytest.mark.parametrize(
    ("kind", "actions"),
    [
        pytest.param("answered", 1 + 2 + 1 + 1 + 3, id="start-two-decisions-dial-timer-three-signals"),
        pytest.param("parked_and_resumed", 1 + 3 + 1 + 1, id="start-three-decisions-dial-signal-no-timer"),
        pytest.param("queued_then_given_a_dial", 1 + 2 + 1 + 1 + 1, id="start-two-decisions-timer-signal-dial"),
        pytest.param("end_never_heard", 1 + 2 + 1 + 1 + 1, id="start-two-decisions-dial-timer-look-up"),
        pytest.param("database_away", 1 + 3 + 1 + 1, id="a-decision-that-fails-costs-as-much"),
    ],
)
def test_the_actions_of_a_stored_life_are_counted(kind: str, actions: int) -> None:
    history = WorkflowHistory.from_json(kind, (HISTORIES / f"{kind}.json").read_text())
    assert billable_actions(history.events) == actions


def local_activity(task: int, marker: str = "core_local_activity") -> dict[str, object]:
    return {
        "eventType": "EVENT_TYPE_MARKER_RECORDED",
        "markerRecordedEventAttributes": {"markerName": marker, "workflowTaskCompletedEventId": task},
    }


@pytest.mark.parametrize(
    ("events", "actions"),
    [
        pytest.param([local_activity(4), local_activity(4)], 1, id="local-activities-of-one-task-are-one"),
        pytest.param([local_activity(4), local_activity(9)], 2, id="those-of-two-tasks-are-two"),
        pytest.param([local_activity(4, "core_patch")], 0, id="another-marker-is-none"),
        pytest.param(
            [
                {"eventType": "EVENT_TYPE_ACTIVITY_TASK_SCHEDULED"},
                {
                    "eventType": "EVENT_TYPE_ACTIVITY_TASK_STARTED",
                    "activityTaskStartedEventAttributes": {"attempt": 3},
                },
            ],
            3,
            id="each-try-of-an-activity",
        ),
        pytest.param([{"eventType": "EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED"}], 2, id="a-child"),
        pytest.param([{"eventType": "EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES"}], 1, id="search-attributes"),
        pytest.param(
            [{"eventType": "EVENT_TYPE_WORKFLOW_TASK_SCHEDULED"}, {"eventType": "EVENT_TYPE_TIMER_CANCELED"}],
            0,
            id="tasks-and-cancelled-timers-are-none",
        ),
    ],
)
def test_actions_are_counted_by_the_engines_price_list(events: list[dict[str, object]], actions: int) -> None:
    assert billable_actions([ParseDict(event, HistoryEvent()) for event in events]) == actions
