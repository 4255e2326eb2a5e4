"""What was committed and not handed over is handed over; what leaked is given back."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from activities.reconciling import Findings
from storage.models import AttemptRow, WebhookEventRow
from tests.activities.engine_edge import EngineEdge
from tests.activities.stage import Clock, Stage
from tests.builders import ALWAYS, Sessions, World, add_attempt_of, add_lead, add_world, change, reread


@pytest.fixture
def clock() -> Clock:
    """A minute ahead of what the database writes down now: everything is old enough to be seen to."""
    return Clock(datetime.now(UTC) + timedelta(minutes=1))


@pytest.fixture
async def world(sessions: Sessions) -> World:
    return await add_world(sessions, windows=ALWAYS, calling_rules="off")


async def test_a_lead_whose_workflow_was_never_started_gets_one(
    stage: Stage, sessions: Sessions, world: World, engine: EngineEdge, clock: Clock
) -> None:
    lead = await add_lead(sessions, world, due_at=None, handed_over_at=None)
    again = await add_lead(sessions, world, "+13125550124", due_at=None, handed_over_at=None, run=2)
    assert (await stage.reconcile()).workflows_started == 2
    assert sorted(engine.started) == sorted([f"lead-{lead.id}", f"lead-{again.id}-r2"])
    assert (await reread(sessions, lead)).handed_over_at == clock.now
    assert await stage.reconcile() == Findings()


async def test_what_is_younger_than_ten_seconds_is_left_to_who_committed_it(
    stage: Stage, sessions: Sessions, world: World, engine: EngineEdge, clock: Clock
) -> None:
    await add_lead(sessions, world, due_at=None, handed_over_at=None)
    clock.forward(seconds=-55)
    assert await stage.reconcile() == Findings()
    assert engine.started == []


async def test_an_engine_that_is_away_is_told_in_the_next_round(
    stage: Stage, sessions: Sessions, world: World, engine: EngineEdge
) -> None:
    lead = await add_lead(sessions, world, due_at=None, handed_over_at=None)
    engine.is_away = True
    await stage.reconcile()
    assert (await reread(sessions, lead)).handed_over_at is None
    engine.is_away = False
    await stage.reconcile()
    assert engine.started == [f"lead-{lead.id}"]


async def test_events_that_no_workflow_was_told_of_are_forwarded(
    stage: Stage, sessions: Sessions, world: World, engine: EngineEdge, clock: Clock
) -> None:
    lead = await add_lead(sessions, world)
    attempt = await add_attempt_of(
        sessions,
        world,
        lead,
        "done",
        outcome="answered",
        counts=True,
        slot_released_at=clock.now,
        settled_at=clock.now,
        look_up_at=None,
    )
    await change(sessions, lead, status="done", outcome="reached", due_at=None)
    async with sessions.begin() as session:
        session.add(_event(world, attempt, "call_analyzed"))
    assert (await stage.reconcile()).events_forwarded == 1
    assert engine.signals == [(f"lead-{lead.id}", "call_analyzed")]
    async with sessions() as session:
        assert (await session.scalars(select(WebhookEventRow))).one().forwarded_at == clock.now
    assert await stage.reconcile() == Findings()


def _event(world: World, attempt: AttemptRow, event: str) -> WebhookEventRow:
    return WebhookEventRow(
        organization_id=world.organization.id,
        account_id=world.account.id,
        attempt_id=attempt.id,
        event_key=f"{event}:call_1",
        event=event,
        call_id="call_1",
        payload={},
    )


async def test_a_lead_whose_call_should_have_been_looked_after_is_woken(
    stage: Stage, sessions: Sessions, world: World, engine: EngineEdge, clock: Clock
) -> None:
    lead = await add_lead(sessions, world)
    await add_attempt_of(
        sessions, world, lead, "in_progress", call_id="call_1", look_up_at=clock.now - timedelta(seconds=11)
    )
    assert (await stage.reconcile()).attempts_nudged == 1
    assert engine.signals == [(f"lead-{lead.id}", "wake")]


async def test_idle_slots_are_filled_with_whoever_is_due(
    stage: Stage, sessions: Sessions, world: World, engine: EngineEdge
) -> None:
    leads = [await add_lead(sessions, world, f"+1312555012{place}") for place in range(3)]
    assert (await stage.reconcile()).leads_served == 3
    assert sorted(engine.signals) == sorted((f"lead-{lead.id}", "slot_granted") for lead in leads)


async def test_a_grant_that_no_workflow_takes_up_does_not_hold_its_slot_for_ever(
    stage: Stage, sessions: Sessions, world: World, engine: EngineEdge, clock: Clock
) -> None:
    lead = await add_lead(sessions, world)
    engine.missing = {f"lead-{lead.id}"}
    await stage.slots.hand_on(world.pool.id)
    clock.forward(seconds=41)
    assert (await stage.reconcile()).grants_given_back == 1
    async with sessions() as session:
        attempt = (await session.scalars(select(AttemptRow))).one()
    assert (attempt.outcome, attempt.counts, attempt.slot_released_at) == ("refused", False, clock.now)
    assert engine.started == [f"lead-{lead.id}"]


async def test_a_lead_whose_workflow_somebody_ended_in_the_engine_is_called_no_more(
    stage: Stage, sessions: Sessions, world: World, engine: EngineEdge, clock: Clock
) -> None:
    lead = await add_lead(sessions, world)
    engine.ended = {f"lead-{lead.id}"}
    await stage.slots.hand_on(world.pool.id)
    for _ in range(3):
        clock.forward(seconds=41)
        await stage.reconcile()
    row = await reread(sessions, lead)
    assert (row.status, row.outcome) == ("done", "cancelled")
    async with sessions() as session:
        assert len((await session.scalars(select(AttemptRow))).all()) == 1


async def test_two_rounds_at_once_do_no_harm(
    stage: Stage, sessions: Sessions, world: World, engine: EngineEdge
) -> None:
    for place in range(5):
        await add_lead(sessions, world, f"+1312555012{place}")
    await asyncio.gather(stage.reconcile(), stage.reconcile())
    async with sessions() as session:
        assert len((await session.scalars(select(AttemptRow))).all()) == 5
    assert len(engine.signals) == len(set(engine.signals)) == 5
