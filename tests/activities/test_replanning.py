"""Leads whose times hold no more get new ones, many at a time, and nobody is woken for it."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from typing_extensions import override

from activities.reconciling import Findings
from storage.appointments import take_places
from storage.models import AppointmentRow, AttemptRow, LeadRow
from tests.activities.engine_edge import EngineEdge
from tests.activities.stage import Clock, Stage
from tests.builders import (
    EVERY_DAY,
    NOON,
    OFFICE_HOURS,
    Sessions,
    World,
    add_attempt_of,
    add_lead,
    add_world,
    build_campaign,
    change,
    reread,
)
from tests.patience import PATIENCE_SECONDS

CLOSING = NOON.replace(hour=22, minute=59, second=55)
"""Until when requests may leave on the Monday of ``NOON``: five seconds before 17:00 in Chicago."""

TUESDAY = NOON + timedelta(days=1)
TUESDAY_OPENING = TUESDAY.replace(hour=15)

MORNINGS = [{"days": EVERY_DAY, "opens": "09:00", "closes": "11:00"}]


def number(place: int) -> str:
    return f"+131255501{place:02}"


async def add_waiting(sessions: Sessions, world: World, place: int, **columns: object) -> LeadRow:
    """A lead that was due at noon of Monday, in hours that closed at 17:00, and was planned then."""
    values: dict[str, Any] = {"earliest_at": NOON, "due_at": NOON, "open_until": CLOSING, "planned_at": NOON}
    return await add_lead(sessions, world, number(place), **(values | columns))


async def add_asleep(sessions: Sessions, world: World, place: int, **columns: object) -> LeadRow:
    """A lead that sleeps till Tuesday's opening, with an appointment a little after it."""
    values = {
        "due_at": TUESDAY_OPENING,
        "open_until": CLOSING + timedelta(days=1),
        "next_attempt_at": TUESDAY_OPENING + timedelta(seconds=7),
    }
    return await add_waiting(sessions, world, place, **(values | columns))


async def live_calls(sessions: Sessions) -> int:
    async with sessions() as session:
        return await session.scalar(select(func.count()).where(AttemptRow.slot_released_at.is_(None))) or 0


async def test_leads_parked_on_monday_are_called_on_tuesday_when_their_campaign_is_resumed(
    stage: Stage, sessions: Sessions, world: World, clock: Clock, engine: EngineEdge
) -> None:
    await change(sessions, world.pool, max_live_calls=2)
    await change(sessions, world.campaign, status="paused")
    leads = [await add_waiting(sessions, world, place) for place in range(5)]
    clock.now = TUESDAY
    assert await stage.reconcile() == Findings()
    await change(sessions, world.campaign, status="running", replanned_at=TUESDAY)
    assert await stage.reconcile() == Findings(leads_replanned=5, leads_served=2, slots_idle=2)
    for lead in leads:
        row = await reread(sessions, lead)
        assert (row.due_at, row.open_until) == (NOON, CLOSING + timedelta(days=1))
    assert len(engine.signals) == await live_calls(sessions) == 2


async def test_leads_whose_window_went_by_unheard_are_planned_for_the_next_one(
    stage: Stage, sessions: Sessions, world: World, clock: Clock, engine: EngineEdge
) -> None:
    lead = await add_waiting(sessions, world, 1)
    clock.now = CLOSING - timedelta(seconds=1)
    assert await stage.replanning.run_round() == 0
    clock.forward(seconds=1)
    assert await stage.replanning.run_round() == 1
    row = await reread(sessions, lead)
    assert (row.due_at, row.open_until) == (TUESDAY_OPENING, CLOSING + timedelta(days=1))
    assert row.waiting_for == "Tue 09:00 America/Chicago, calling hours open"
    assert (await stage.replanning.run_round(), engine.signals) == (0, [])


async def test_wider_windows_let_a_lead_be_served_in_its_sleep(
    stage: Stage, sessions: Sessions, world: World, clock: Clock, engine: EngineEdge
) -> None:
    lead = await add_asleep(sessions, world, 1)
    clock.now = CLOSING + timedelta(minutes=30)
    later = [{"days": EVERY_DAY, "opens": "09:00", "closes": "20:00"}]
    await change(sessions, world.campaign, windows=later, replanned_at=clock.now)
    assert await stage.replanning.run_round() == 1
    assert engine.signals == []
    assert await stage.slots.hand_on(world.pool.id) == 1
    assert engine.signals == [(f"lead-{lead.id}", "slot_granted")]


async def test_narrower_windows_move_everybody_and_wake_nobody(
    stage: Stage, sessions: Sessions, world: World, engine: EngineEdge
) -> None:
    leads = [await add_waiting(sessions, world, place) for place in range(3)]
    await change(sessions, world.campaign, windows=MORNINGS, replanned_at=NOON + timedelta(seconds=1))
    assert await stage.replanning.run_round() == 3
    assert await stage.slots.hand_on(world.pool.id) == 0
    assert (engine.signals, await live_calls(sessions)) == ([], 0)
    assert {(await reread(sessions, lead)).due_at for lead in leads} == {TUESDAY_OPENING}


async def test_one_that_is_handed_a_slot_before_it_is_planned_anew_is_told_to_wait_by_its_row_alone(
    stage: Stage, sessions: Sessions, world: World, engine: EngineEdge
) -> None:
    lead = await add_waiting(sessions, world, 1)
    await change(sessions, world.campaign, windows=MORNINGS, replanned_at=NOON + timedelta(seconds=1))
    assert await stage.slots.hand_on(world.pool.id) == 1
    assert (engine.signals, (await reread(sessions, lead)).due_at) == ([], TUESDAY_OPENING)


async def test_leads_of_one_opening_get_appointments_one_after_the_other(
    stage: Stage, sessions: Sessions, world: World
) -> None:
    await change(sessions, world.pool, max_live_calls=30, max_calls_per_second=1.0)
    await change(sessions, world.campaign, windows=MORNINGS, replanned_at=NOON + timedelta(seconds=1))
    leads = [await add_waiting(sessions, world, place) for place in range(3)]
    await stage.replanning.run_round()
    appointments = sorted([(await reread(sessions, lead)).next_attempt_at for lead in leads], key=str)
    assert appointments == [TUESDAY_OPENING + timedelta(seconds=place) for place in range(3)]
    assert {(await stage.next_step(lead)).instant for lead in leads} == set(appointments)  # type: ignore[union-attr]


async def test_who_goes_on_waiting_for_the_same_opening_keeps_its_appointment(
    stage: Stage, sessions: Sessions, world: World
) -> None:
    lead = await add_asleep(sessions, world, 1)
    earlier = [{"days": EVERY_DAY, "opens": "09:00", "closes": "12:00"}]
    await change(sessions, world.campaign, windows=earlier, replanned_at=NOON + timedelta(seconds=1))
    assert await stage.replanning.run_round() == 1
    row = await reread(sessions, lead)
    assert row.next_attempt_at == TUESDAY_OPENING + timedelta(seconds=7)
    assert row.open_until == TUESDAY.replace(hour=17, minute=59, second=55)


async def test_the_opening_after_the_night_the_clocks_go_forward_is_an_hour_sooner(
    stage: Stage, sessions: Sessions, world: World, clock: Clock
) -> None:
    clock.now = datetime(2026, 3, 8, 4, 0, tzinfo=UTC)  # Saturday, 22:00 in Chicago
    lead = await add_waiting(sessions, world, 1)
    assert await stage.replanning.run_round() == 1
    assert (await reread(sessions, lead)).due_at == datetime(2026, 3, 8, 14, 0, tzinfo=UTC)


async def test_a_lead_with_calls_is_weighed_by_itself(
    stage: Stage, sessions: Sessions, world: World, clock: Clock
) -> None:
    lead = await add_waiting(sessions, world, 1, due_at=NOON + timedelta(minutes=30))
    await add_attempt_of(sessions, world, lead, "done", **no_answer_at(NOON))
    await change(
        sessions, world.campaign, retry_delays={"no_answer": [7_200]}, replanned_at=NOON + timedelta(minutes=1)
    )
    clock.forward(minutes=2)
    assert await stage.replanning.run_round() == 1
    row = await reread(sessions, lead)
    assert row.earliest_at == row.due_at == row.next_attempt_at == NOON + timedelta(hours=2)
    assert (row.open_until, row.planned_at) == (CLOSING, clock.now)


def no_answer_at(instant: datetime) -> dict[str, Any]:
    return {
        "outcome": "no_answer",
        "counts": True,
        "first_sent_at": instant,
        "ended_at": instant,
        "settled_at": instant,
        "slot_released_at": instant,
    }


async def test_a_lead_that_may_not_be_called_any_more_ends_and_its_workflow_is_told(
    stage: Stage, sessions: Sessions, world: World, engine: EngineEdge
) -> None:
    lead = await add_waiting(sessions, world, 1, run=2)
    await add_attempt_of(sessions, world, lead, "done", **no_answer_at(NOON))
    await change(sessions, world.campaign, max_attempts=1, replanned_at=NOON + timedelta(seconds=1))
    assert await stage.replanning.run_round() == 1
    assert engine.signals == [(f"lead-{lead.id}-r2", "wake")]
    row = await reread(sessions, lead)
    assert (row.status, row.outcome, row.due_at) == ("done", "max_attempts_reached", None)


async def test_an_engine_that_is_away_keeps_nobody_from_being_planned(
    stage: Stage, sessions: Sessions, world: World, engine: EngineEdge
) -> None:
    engine.is_away = True
    for place in range(3):
        lead = await add_waiting(sessions, world, place)
        await add_attempt_of(sessions, world, lead, "done", **no_answer_at(NOON))
    await change(sessions, world.campaign, max_attempts=1, replanned_at=NOON + timedelta(seconds=1))
    assert await stage.replanning.run_round() == 3


async def test_whoever_is_called_ahead_goes_first_when_its_campaign_is_resumed(
    stage: Stage, sessions: Sessions, world: World, clock: Clock, engine: EngineEdge
) -> None:
    clock.now = TUESDAY
    await change(sessions, world.pool, max_live_calls=1)
    await change(sessions, world.campaign, replanned_at=TUESDAY)
    await add_waiting(sessions, world, 1, priority=1)
    ahead = await add_waiting(sessions, world, 2, priority=5, called_ahead_at=TUESDAY, planned_at=None)
    assert await stage.reconcile() == Findings(leads_replanned=2, leads_served=1, slots_idle=1)
    assert engine.signals == [(f"lead-{ahead.id}", "slot_granted")]


@pytest.mark.parametrize(
    ("columns", "campaign"),
    [
        pytest.param({"status": "done", "outcome": "reached"}, {}, id="done"),
        pytest.param({"planned_at": None, "handed_over_at": None}, {}, id="its-own-decision-is-on-its-way"),
        pytest.param({"planned_at": TUESDAY}, {}, id="planned-since"),
        pytest.param({}, {"status": "draft"}, id="draft"),
        pytest.param({}, {"status": "paused"}, id="paused"),
        pytest.param({}, {"status": "finished"}, id="finished"),
    ],
)
async def test_who_is_left_alone(
    stage: Stage, sessions: Sessions, world: World, columns: dict[str, Any], campaign: dict[str, Any]
) -> None:
    await change(sessions, world.campaign, replanned_at=NOON + timedelta(seconds=1), **campaign)
    lead = await add_waiting(sessions, world, 1, **columns)
    assert await stage.replanning.run_round() == 0
    row = await reread(sessions, lead)
    assert (row.due_at, row.open_until, row.planned_at) == (NOON, CLOSING, columns.get("planned_at", NOON))


async def test_a_lead_with_an_open_attempt_is_left_alone(stage: Stage, sessions: Sessions, world: World) -> None:
    await change(sessions, world.campaign, replanned_at=NOON + timedelta(seconds=1))
    lead = await add_waiting(sessions, world, 1)
    await add_attempt_of(sessions, world, lead, "in_progress")
    for status in ("in_progress", "new"):
        await change(sessions, lead, status=status)
        assert await stage.replanning.run_round() == 0
        assert (await reread(sessions, lead)).planned_at == NOON


async def test_a_lead_that_somebody_decides_about_is_passed_over_and_not_waited_for(
    stage: Stage, sessions: Sessions, world: World
) -> None:
    await change(sessions, world.campaign, replanned_at=NOON + timedelta(seconds=1))
    held, other = await add_waiting(sessions, world, 1), await add_waiting(sessions, world, 2)
    async with sessions.begin() as holder, asyncio.timeout(PATIENCE_SECONDS):
        await holder.get_one(LeadRow, held.id, with_for_update={"key_share": True})
        assert await stage.replanning.run_round() == 1
    assert (await reread(sessions, other)).planned_at == NOON + timedelta(seconds=1)
    assert await stage.replanning.run_round() == 1


async def test_two_reconciliations_at_once_plan_everybody_once(
    stage: Stage, sessions: Sessions, world: World, engine: EngineEdge
) -> None:
    await change(sessions, world.campaign, windows=MORNINGS, replanned_at=NOON + timedelta(seconds=1))
    leads = [await add_waiting(sessions, world, place) for place in range(40)]
    for lead in leads[::4]:
        await add_attempt_of(sessions, world, lead, "done", **no_answer_at(NOON))
    found = await asyncio.gather(stage.reconcile(), stage.reconcile())
    assert sum(one.leads_replanned for one in found) == 40
    rows = [await reread(sessions, lead) for lead in leads]
    assert {row.due_at for row in rows} == {TUESDAY_OPENING}
    assert len({row.next_attempt_at for row in rows}) == 40
    assert engine.signals == []


async def test_a_stopped_organizations_leads_are_kept_ready_and_nobody_is_called(
    stage: Stage, sessions: Sessions, world: World, clock: Clock, engine: EngineEdge
) -> None:
    await change(sessions, world.organization, stopped_at=NOON)
    lead = await add_waiting(sessions, world, 1)
    clock.now = TUESDAY
    assert await stage.reconcile() == Findings(leads_replanned=1)
    assert "whole organization" in str((await reread(sessions, lead)).waiting_for)
    await change(sessions, world.organization, stopped_at=None)
    assert await stage.reconcile() == Findings(leads_served=1, slots_idle=1)
    assert engine.signals == [(f"lead-{lead.id}", "slot_granted")]


class TickingClock(Clock):
    """Each look at it takes a second."""

    @override
    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


@pytest.fixture
async def ticking(stage: Stage, sessions: Sessions) -> Stage:
    """The stage with replanning by a clock of which a test can say how much is done in its time."""
    stage.replanning._clock = TickingClock(NOON)
    return stage


async def test_what_a_round_has_no_time_for_is_the_next_rounds_and_whoever_came_last_begins_it(
    ticking: Stage, sessions: Sessions
) -> None:
    leads = []
    for place in range(3):
        world = await add_world(sessions)
        await change(sessions, world.campaign, replanned_at=NOON + timedelta(seconds=1))
        leads.append(await add_waiting(sessions, world, place))
    planned = [await ticking.replanning.run_round(at_most=timedelta(seconds=2)) for _ in range(4)]
    assert planned == [1, 1, 1, 0]
    assert all([(await reread(sessions, lead)).planned_at != NOON for lead in leads])


async def test_a_campaign_that_can_not_be_read_keeps_no_other_waiting(
    stage: Stage, sessions: Sessions, world: World
) -> None:
    broken = build_campaign(world.organization, world.pool, windows=[{}], replanned_at=NOON + timedelta(seconds=1))
    async with sessions.begin() as session:
        session.add(broken)
    await add_waiting(sessions, World(world.organization, world.account, world.pool, broken), 1)
    await change(sessions, world.campaign, replanned_at=NOON + timedelta(seconds=1))
    lead, lost = await add_waiting(sessions, world, 2), await add_waiting(sessions, world, 3, time_zones=["Mars/North"])
    assert await stage.replanning.run_round() == 1
    assert (await reread(sessions, lead)).planned_at == NOON + timedelta(seconds=1)
    assert (await reread(sessions, lost)).planned_at == NOON


async def test_word_of_a_change_has_a_pools_leads_planned_and_its_slots_handed_on(
    stage: Stage, sessions: Sessions, world: World, clock: Clock, engine: EngineEdge
) -> None:
    clock.now = TUESDAY
    lead = await add_waiting(sessions, world, 1)
    for _ in range(3):
        stage.replanning.nudge(world.pool.id)
    await settled(stage)
    assert engine.signals == [(f"lead-{lead.id}", "slot_granted")]
    assert (await reread(sessions, lead)).status == "in_progress"


async def settled(stage: Stage) -> None:
    """Let what was begun by nudges come to its end."""
    while stage.replanning._running:
        await asyncio.gather(*stage.replanning._running.values())
    while stage.slots._running:
        await asyncio.gather(*stage.slots._running.values())


async def test_windows_that_stay_as_they_were_change_nothing_but_the_instant_of_planning(
    stage: Stage, sessions: Sessions, world: World, clock: Clock
) -> None:
    lead = await add_waiting(sessions, world, 1)
    await change(sessions, world.campaign, windows=OFFICE_HOURS, replanned_at=NOON + timedelta(minutes=1))
    clock.forward(minutes=2)
    assert await stage.replanning.run_round() == 1
    row = await reread(sessions, lead)
    assert (row.earliest_at, row.due_at, row.open_until, row.planned_at) == (NOON, NOON, CLOSING, clock.now)


async def test_places_at_openings_that_are_over_are_forgotten(
    stage: Stage, sessions: Sessions, world: World, clock: Clock
) -> None:
    async with sessions.begin() as session:
        await take_places(session, world.pool.id, NOON - timedelta(days=2), 5)
        await take_places(session, world.pool.id, NOON, 5)
    await stage.replanning.run_round()
    async with sessions() as session:
        assert (await session.scalars(select(AppointmentRow.opens_at))).all() == [NOON]


async def test_a_word_from_the_database_is_taken_for_what_it_says_and_any_other_for_nothing(
    stage: Stage, sessions: Sessions, world: World, clock: Clock, engine: EngineEdge
) -> None:
    clock.now = TUESDAY
    lead = await add_waiting(sessions, world, 1)
    for word in ("", "plan", "plan x", f"room {world.pool.id}", str(world.pool.id)):
        stage.work.hear(word)
    await settled(stage)
    assert engine.signals == []
    stage.work.hear(f"plan {world.pool.id}")
    await settled(stage)
    assert engine.signals == [(f"lead-{lead.id}", "slot_granted")]
