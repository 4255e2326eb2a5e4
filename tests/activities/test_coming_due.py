"""At an opening for which no lead has a timer, slots are handed on all the same."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from storage.coming_due import next_openings
from storage.models import LeadRow
from tests.activities.engine_edge import EngineEdge
from tests.activities.stage import Clock, Stage
from tests.builders import NOON, Sessions, World, add_lead, change
from tests.patience import PATIENCE_SECONDS

MONDAY_OPENING = NOON.replace(hour=15)
SOON = timedelta(milliseconds=50)


@pytest.fixture
def clock() -> Clock:
    """A moment before the opening, as often as it is asked."""
    return Clock(MONDAY_OPENING - SOON)


async def add_parked(sessions: Sessions, world: World, place: int, **columns: object) -> LeadRow:
    """A lead that waits for Monday's opening, without a timer of its own."""
    values: dict[str, Any] = {"earliest_at": MONDAY_OPENING - timedelta(hours=8), "due_at": MONDAY_OPENING}
    return await add_lead(sessions, world, f"+131255501{place:02}", **(values | columns))


async def until_signals(sessions: Sessions, engine: EngineEdge, number: int) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS), sessions() as session:
        while len(engine.signals) < number:
            await session.execute(text("select pg_sleep(0.01)"))


async def test_a_pool_is_looked_at_when_its_hours_open(
    stage: Stage, sessions: Sessions, world: World, clock: Clock, engine: EngineEdge
) -> None:
    lead = await add_parked(sessions, world, 1)
    await stage.reconcile()
    assert engine.signals == []
    clock.now = MONDAY_OPENING
    await until_signals(sessions, engine, 1)
    assert engine.signals == [(f"lead-{lead.id}", "slot_granted")]


async def test_the_next_opening_before_the_next_round_is_looked_at_too(
    stage: Stage, sessions: Sessions, world: World, clock: Clock, engine: EngineEdge
) -> None:
    windows = [{"days": ["mon"], "opens": opens, "closes": "17:00"} for opens in ("09:00", "09:01")]
    await change(sessions, world.campaign, windows=windows)
    first = await add_parked(sessions, world, 1)
    second = await add_parked(sessions, world, 2, due_at=MONDAY_OPENING + timedelta(minutes=1))
    await stage.coming_due.look_ahead(world.pool.id)
    clock.now = MONDAY_OPENING + timedelta(minutes=1) - SOON
    await until_signals(sessions, engine, 1)
    clock.forward(seconds=1)
    await until_signals(sessions, engine, 2)
    assert engine.signals == [(f"lead-{lead.id}", "slot_granted") for lead in (first, second)]


async def test_looking_ahead_again_puts_nothing_off(
    stage: Stage, sessions: Sessions, world: World, clock: Clock, engine: EngineEdge
) -> None:
    lead = await add_parked(sessions, world, 1)
    await stage.coming_due.look_ahead()
    clock.now = MONDAY_OPENING
    await add_parked(sessions, world, 2, due_at=MONDAY_OPENING + timedelta(seconds=80))
    await stage.coming_due.look_ahead()
    await until_signals(sessions, engine, 1)
    assert engine.signals == [(f"lead-{lead.id}", "slot_granted")]


@pytest.mark.parametrize(
    ("columns", "found"),
    [
        pytest.param({}, True, id="opens-soon"),
        pytest.param({"due_at": MONDAY_OPENING + timedelta(minutes=2)}, False, id="opens-later"),
        pytest.param({"due_at": MONDAY_OPENING - timedelta(minutes=1)}, False, id="is-open"),
        pytest.param({"earliest_at": MONDAY_OPENING}, False, id="an-appointment-within-hours"),
        pytest.param({"handed_over_at": None}, False, id="without-a-workflow"),
        pytest.param({"status": "done", "outcome": "reached"}, False, id="done"),
    ],
)
async def test_whose_opening_is_looked_for(
    sessions: Sessions, world: World, columns: dict[str, Any], found: bool
) -> None:
    await add_parked(sessions, world, 1, **columns)
    now = MONDAY_OPENING - timedelta(seconds=30)
    async with sessions() as session:
        for pool_id in (None, world.pool.id):
            openings = await next_openings(session, now, until=now + timedelta(minutes=1), number_pool_id=pool_id)
            assert openings == ([(world.pool.id, MONDAY_OPENING)] if found else [])


@pytest.mark.parametrize(
    ("whose", "columns"),
    [("campaign", {"status": "paused"}), ("organization", {"stopped_at": NOON}), ("pool", {"parked_at": NOON})],
    ids=["paused", "stopped", "parked"],
)
async def test_hours_that_open_for_nobody_are_not_looked_for(
    sessions: Sessions, world: World, whose: str, columns: dict[str, Any]
) -> None:
    await add_parked(sessions, world, 1)
    await change(sessions, getattr(world, whose), **columns)
    now = MONDAY_OPENING - timedelta(seconds=30)
    async with sessions() as session:
        assert await next_openings(session, now, until=now + timedelta(minutes=1)) == []
