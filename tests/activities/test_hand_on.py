"""Slots are handed on to whom they belong, and to nobody twice."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, func, select

from storage.models import AttemptRow, CallerIdRow
from tests.activities.engine_edge import EngineEdge
from tests.activities.stage import Clock, Stage
from tests.builders import NOON, Sessions, World, add_attempt_of, add_campaign, add_lead, change, reread


async def live_calls(sessions: Sessions) -> int:
    async with sessions() as session:
        held = select(func.count()).where(AttemptRow.slot_released_at.is_(None))
        return await session.scalar(held) or 0


def number(place: int) -> str:
    return f"+131255501{place:02}"


async def test_priority_comes_first_and_then_who_has_waited_longest(
    stage: Stage, sessions: Sessions, world: World, engine: EngineEdge
) -> None:
    other = await add_campaign(sessions, world)
    late = await add_lead(sessions, world, number(1), due_at=NOON - timedelta(minutes=1))
    early = await add_lead(sessions, other, number(2), due_at=NOON - timedelta(minutes=9))
    urgent = await add_lead(sessions, world, number(3), priority=1)
    assert await stage.slots.hand_on(world.pool.id) == 3
    assert engine.signals == [(f"lead-{lead.id}", "slot_granted") for lead in (urgent, early, late)]


@pytest.mark.parametrize(
    "columns",
    [
        pytest.param({"due_at": NOON + timedelta(seconds=1)}, id="not-due"),
        pytest.param({"due_at": None}, id="never-decided-about"),
        pytest.param({"handed_over_at": None}, id="without-a-workflow"),
        pytest.param({"status": "done", "outcome": "reached"}, id="done"),
    ],
)
async def test_nobody_is_served_who_does_not_wait(
    stage: Stage, sessions: Sessions, world: World, engine: EngineEdge, columns: dict[str, Any]
) -> None:
    await add_lead(sessions, world, **columns)
    assert await stage.slots.hand_on(world.pool.id) == 0
    assert (engine.signals, await live_calls(sessions)) == ([], 0)


@pytest.mark.parametrize(
    ("whose", "columns"),
    [
        pytest.param("organization", {"stopped_at": NOON}, id="kill-switch"),
        pytest.param("account", {"parked_at": NOON}, id="account-parked"),
        pytest.param("account", {"provider": "retell"}, id="account-not-reachable-from-here"),
        pytest.param("pool", {"parked_at": NOON}, id="pool-parked"),
        pytest.param("campaign", {"parked_at": NOON}, id="campaign-parked"),
        pytest.param("campaign", {"status": "paused"}, id="campaign-paused"),
        pytest.param("campaign", {"max_live_calls": 0}, id="campaign-at-its-cap"),
    ],
)
async def test_where_calling_is_held_up_nobody_is_signalled_however_often_slots_are_handed_on(
    stage: Stage, sessions: Sessions, world: World, engine: EngineEdge, whose: str, columns: dict[str, Any]
) -> None:
    await add_lead(sessions, world)
    await change(sessions, getattr(world, whose), **columns)
    assert await stage.slots.hand_on(world.pool.id, at_most=500) == 0
    assert (engine.signals, await live_calls(sessions)) == ([], 0)


async def test_a_pool_without_numbers_signals_nobody(
    stage: Stage, sessions: Sessions, world: World, engine: EngineEdge
) -> None:
    await add_lead(sessions, world)
    async with sessions.begin() as session:
        await session.execute(delete(CallerIdRow))
    assert await stage.slots.hand_on(world.pool.id, at_most=500) == 0
    assert engine.signals == []


@pytest.mark.parametrize("columns", [{"max_live_calls": 0}, {"status": "paused"}], ids=["at-its-cap", "paused"])
async def test_a_campaign_that_may_not_dial_keeps_no_other_campaign_waiting(
    stage: Stage, sessions: Sessions, world: World, engine: EngineEdge, columns: dict[str, Any]
) -> None:
    held_up = await add_campaign(sessions, world, **columns)
    await add_lead(sessions, held_up, number(1), priority=1)
    lead = await add_lead(sessions, world, number(2))
    await stage.slots.hand_on(world.pool.id)
    assert engine.signals == [(f"lead-{lead.id}", "slot_granted")]


async def test_a_lead_whose_hours_never_open_keeps_nobody_waiting_and_is_not_woken(
    stage: Stage, sessions: Sessions, world: World, engine: EngineEdge
) -> None:
    at_night = [{"days": ["mon"], "opens": "02:00", "closes": "03:00"}]
    never = await add_lead(sessions, await add_campaign(sessions, world, windows=at_night), number(1), priority=1)
    lead = await add_lead(sessions, world, number(2))
    await stage.slots.hand_on(world.pool.id)
    await stage.slots.hand_on(world.pool.id)
    assert engine.signals == [(f"lead-{lead.id}", "slot_granted")]
    assert (await reread(sessions, never)).due_at == NOON + timedelta(days=1)


async def test_ten_that_hand_on_at_once_fill_the_pool_and_never_pass_its_cap(
    stage: Stage, sessions: Sessions, world: World, engine: EngineEdge
) -> None:
    await change(sessions, world.pool, max_live_calls=7, max_calls_per_second=100.0)
    for place in range(12):
        await add_lead(sessions, world, number(place))
    served = await asyncio.gather(*(stage.slots.hand_on(world.pool.id, at_most=1) for _ in range(10)))
    assert (sum(served), await live_calls(sessions)) == (7, 7)
    assert len(set(engine.signals)) == len(engine.signals) == 7


async def test_leads_that_ask_while_slots_are_handed_on_never_pass_the_campaigns_cap(
    stage: Stage, sessions: Sessions, world: World
) -> None:
    await change(sessions, world.campaign, max_live_calls=3)
    leads = [await add_lead(sessions, world, number(place)) for place in range(6)]
    await asyncio.gather(
        *(stage.next_step(lead) for lead in leads), *(stage.slots.hand_on(world.pool.id) for _ in range(4))
    )
    assert await live_calls(sessions) == 3


async def test_an_engine_that_is_away_costs_a_grant_and_no_error(
    stage: Stage, sessions: Sessions, world: World, engine: EngineEdge
) -> None:
    lead = await add_lead(sessions, world)
    engine.is_away = True
    assert await stage.slots.hand_on(world.pool.id) == 1
    assert (await reread(sessions, lead)).handed_over_at == NOON


async def test_a_lead_of_which_the_engine_knows_nothing_is_handed_over_to_it_again(
    stage: Stage, sessions: Sessions, world: World, engine: EngineEdge, clock: Clock
) -> None:
    lead = await add_lead(sessions, world)
    engine.missing = {f"lead-{lead.id}"}
    await stage.slots.hand_on(world.pool.id)
    assert (await reread(sessions, lead)).handed_over_at is None
    clock.forward(minutes=1)
    assert await stage.slots.hand_on(world.pool.id) == 0


async def test_a_full_pool_is_left_alone(stage: Stage, sessions: Sessions, world: World, engine: EngineEdge) -> None:
    await change(sessions, world.pool, max_live_calls=1)
    await add_attempt_of(sessions, world, await add_lead(sessions, world, number(1)), "in_progress")
    await add_lead(sessions, world, number(2))
    assert await stage.slots.hand_on(world.pool.id) == 0
    assert engine.signals == []
