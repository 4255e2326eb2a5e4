"""Leads that the engine has forgotten are found by what they should have done, without asking for everybody."""

from datetime import timedelta
from typing import Any

import pytest

from activities.missing_workflows import MissingWorkflows
from storage.models import LeadRow
from tests.activities.engine_edge import EngineEdge
from tests.activities.stage import Clock, Stage
from tests.builders import NOON, Sessions, World, add_attempt_of, add_lead, change, reread

CLOSES = NOON + timedelta(hours=5)
SLEPT_TILL = NOON - timedelta(minutes=5)
SLEPT: dict[str, Any] = {
    "planned_at": NOON - timedelta(days=1),
    "due_at": SLEPT_TILL,
    "next_attempt_at": SLEPT_TILL,
    "open_until": CLOSES,
    "handed_over_at": NOON - timedelta(days=2),
    "created_at": NOON - timedelta(days=2),
}
"""A sleeper whose time came five minutes ago, and whose workflow didn't move."""


@pytest.fixture
async def world(sessions: Sessions, world: World) -> World:
    """No slot is free, so that nothing but the question wakes a lead."""
    await change(sessions, world.pool, parked_at=NOON)
    return world


async def sleeper(sessions: Sessions, world: World, place: int = 0, **columns: object) -> LeadRow:
    return await add_lead(sessions, world, f"+131255501{place:02}", **(SLEPT | columns))


async def test_a_lead_that_should_have_acted_and_that_the_engine_has_forgotten_is_started_again(
    stage: Stage, sessions: Sessions, world: World, engine: EngineEdge
) -> None:
    lead = await sleeper(sessions, world)
    engine.missing = {f"lead-{lead.id}"}
    found = await stage.reconcile()
    assert (found.workflows_missing, found.workflows_started) == (1, 1)
    assert engine.started == [f"lead-{lead.id}"]
    assert stage.counted("workflows_missing") == 1


async def test_a_lead_that_the_engine_has_is_left_alone(
    stage: Stage, sessions: Sessions, world: World, engine: EngineEdge
) -> None:
    lead = await sleeper(sessions, world)
    assert (await stage.reconcile()).workflows_missing == 0
    assert (engine.asked_for, engine.signals, engine.started) == ([f"lead-{lead.id}"], [], [])
    assert (await reread(sessions, lead)).handed_over_at == SLEPT["handed_over_at"]


async def test_a_lead_that_sleeps_longer_than_its_row_says_is_shown_in_line(
    stage: Stage, sessions: Sessions, world: World
) -> None:
    """It was planned anew in its sleep, and its workflow's timer is for another day."""
    lead = await sleeper(sessions, world, waiting_for="another call to this number to end")
    await stage.reconcile()
    told = await reread(sessions, lead)
    assert (told.next_attempt_at, told.planned_at, told.due_at) == (None, NOON, SLEPT_TILL)
    assert told.waiting_for != "another call to this number to end"


@pytest.mark.parametrize("status", ["draft", "paused"])
async def test_nobody_plans_for_a_campaign_that_does_not_run(
    stage: Stage, sessions: Sessions, world: World, status: str
) -> None:
    await change(sessions, world.campaign, status=status)
    lead = await sleeper(sessions, world)
    await stage.reconcile()
    assert (await reread(sessions, lead)).planned_at == SLEPT["planned_at"]


async def test_who_decided_while_the_engine_was_asked_keeps_its_decision(
    sessions: Sessions, world: World, engine: EngineEdge, stage: Stage, clock: Clock
) -> None:
    """In a crowd many leads are late, and get their decision just now."""
    lead = await sleeper(sessions, world)
    decided = {"planned_at": NOON, "next_attempt_at": None, "waiting_for": "a free slot"}

    async def decide() -> None:
        await change(sessions, lead, **decided)

    engine.before_answer = decide
    await MissingWorkflows(sessions, stage.workflows, clock).look()
    told = await reread(sessions, lead)
    assert {name: getattr(told, name) for name in decided} == decided


@pytest.mark.parametrize(
    "columns",
    [
        pytest.param(
            {"due_at": None, "next_attempt_at": None, "open_until": None, "planned_at": None}, id="never-began"
        ),
        pytest.param({"next_attempt_at": None}, id="due-without-an-appointment"),
        pytest.param({"due_at": NOON - timedelta(hours=3)}, id="late-for-its-appointment"),
        pytest.param({"open_until": None}, id="no-hours"),
        pytest.param({"planned_at": None}, id="to-be-planned-anew"),
    ],
)
async def test_asked_for_are_leads_whose_time_came(
    stage: Stage, sessions: Sessions, world: World, engine: EngineEdge, columns: dict[str, Any]
) -> None:
    lead = await sleeper(sessions, world, **columns)
    await stage.reconcile()
    assert engine.asked_for == [f"lead-{lead.id}"]


@pytest.mark.parametrize(
    "columns",
    [
        pytest.param({"next_attempt_at": NOON + timedelta(hours=1)}, id="asleep-till-its-appointment"),
        pytest.param(
            {"due_at": NOON + timedelta(1), "next_attempt_at": NOON + timedelta(1)}, id="asleep-till-tomorrow"
        ),
        pytest.param({"next_attempt_at": NOON - timedelta(minutes=1)}, id="a-little-late"),
        pytest.param({"next_attempt_at": None, "planned_at": SLEPT_TILL}, id="in-line"),
        pytest.param({"open_until": NOON - timedelta(minutes=1)}, id="hours-are-over"),
        pytest.param({"status": "done", "outcome": "reached"}, id="done"),
        pytest.param({"status": "in_progress"}, id="on-a-call"),
    ],
)
async def test_nobody_else_is_asked_for(
    stage: Stage, sessions: Sessions, world: World, engine: EngineEdge, columns: dict[str, Any]
) -> None:
    await sleeper(sessions, world, **columns)
    await stage.reconcile()
    assert engine.asked_for == []


async def test_a_round_asks_for_some_and_the_next_for_those_behind_them(
    stage: Stage, sessions: Sessions, world: World, engine: EngineEdge, clock: Clock
) -> None:
    leads = [
        await sleeper(sessions, world, place, next_attempt_at=SLEPT_TILL + timedelta(seconds=place))
        for place in range(5)
    ]
    looking = MissingWorkflows(sessions, stage.workflows, clock, at_most=2)
    asked = []
    for _ in range(4):
        engine.asked_for.clear()
        await looking.look()
        asked.append(sorted(engine.asked_for))
    expected = [sorted(f"lead-{lead.id}" for lead in leads[start : start + 2]) for start in (0, 2, 4, 0)]
    assert asked == expected


async def test_nothing_is_missing_while_the_engine_is_away(
    stage: Stage, sessions: Sessions, world: World, engine: EngineEdge
) -> None:
    lead = await sleeper(sessions, world)
    engine.is_away = True
    assert (await stage.reconcile()).workflows_missing == 0
    assert (await reread(sessions, lead)).handed_over_at is not None


async def test_an_overdue_call_whose_lead_the_engine_has_forgotten_gets_its_workflow_again(
    stage: Stage, sessions: Sessions, world: World, engine: EngineEdge
) -> None:
    lead = await sleeper(sessions, world)
    await add_attempt_of(
        sessions, world, lead, "in_progress", call_id="call_1", look_up_at=NOON - timedelta(seconds=11)
    )
    engine.missing = {f"lead-{lead.id}"}
    found = await stage.reconcile()
    assert (found.attempts_nudged, found.workflows_missing, found.workflows_started) == (1, 1, 1)
    assert engine.started == [f"lead-{lead.id}"]
