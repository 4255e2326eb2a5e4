"""A campaign calls nobody any more once its budget is spent, and goes on when that is raised.

A settled call costs 12.5 cents here.
"""

import itertools
from decimal import Decimal
from uuid import uuid4

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from domain.budgets import BUDGET_IS_USED_UP
from domain.steps import Dial, Queued
from storage import turns
from storage.budgets import MARKS_LOOKED_AT, has_no_budget_left, used_up_by
from storage.models import CampaignRow
from tests.activities.counted_calls import drain, settled
from tests.activities.stage import Clock, Stage
from tests.builders import NOON, Sessions, World, add_attempt_of, add_campaign, add_lead, change, reread

NUMBERS = itertools.count(150)


async def budgeted(sessions: Sessions, world: World, dollars: str) -> None:
    await change(sessions, world.campaign, budget=Decimal(dollars))


async def called(sessions: Sessions, world: World, times: int, **columns: object) -> None:
    for _ in range(times):
        lead = await add_lead(sessions, world, f"+13125550{next(NUMBERS)}")
        await settled(sessions, world, lead, **columns)
        await change(sessions, lead, status="done", outcome="reached", done_at=NOON)


async def is_used_up(sessions: Sessions, world: World) -> bool:
    async with sessions() as session:
        return await has_no_budget_left(session, await session.get_one(CampaignRow, world.campaign.id))


@pytest.mark.parametrize(
    ("budget", "calls", "used_up"),
    [
        pytest.param("0.26", 2, False, id="a cent is left"),
        pytest.param("0.25", 2, True, id="to the cent"),
        pytest.param("0.24", 2, True, id="more than that was spent"),
        pytest.param("0.01", 0, False, id="nothing was spent"),
    ],
)
async def test_what_was_counted_is_spent(
    sessions: Sessions, world: World, budget: str, calls: int, *, used_up: bool
) -> None:
    await budgeted(sessions, world, budget)
    await called(sessions, world, calls)
    await drain(sessions)
    assert await is_used_up(sessions, world) is used_up


async def test_a_call_that_ended_just_now_is_taken_to_cost_the_mean(sessions: Sessions, world: World) -> None:
    await budgeted(sessions, world, "0.25")
    await called(sessions, world, 1)
    await drain(sessions)
    lead = await add_lead(sessions, world, "+13125550149")
    await settled(sessions, world, lead, cost_cents=None)
    assert await is_used_up(sessions, world)


async def test_a_call_is_spent_before_it_is_known_what_it_meant(sessions: Sessions, world: World) -> None:
    await budgeted(sessions, world, "0.25")
    await called(sessions, world, 1)
    await drain(sessions)
    lead = await add_lead(sessions, world, "+13125550149")
    await add_attempt_of(sessions, world, lead, "in_progress", ended_at=NOON, slot_released_at=NOON)
    assert await is_used_up(sessions, world)


async def test_calls_that_reached_nobody_tell_nothing_of_what_others_cost(sessions: Sessions, world: World) -> None:
    await change(sessions, world.pool, cost_per_minute=Decimal("0.10"))
    await change(sessions, world.campaign, budget=Decimal("0.50"), max_call_seconds=300)
    await called(sessions, world, 3, outcome="no_answer", cost_cents=Decimal(0), duration_ms=0)
    await drain(sessions)
    lead = await add_lead(sessions, world, "+13125550149")
    await add_attempt_of(sessions, world, lead, "in_progress", started_at=NOON)
    assert await is_used_up(sessions, world)


async def test_leads_that_come_in_by_the_thousands_hide_no_call(sessions: Sessions, world: World) -> None:
    await budgeted(sessions, world, "0.25")
    await called(sessions, world, 1)
    await drain(sessions)
    await called(sessions, world, 1)
    async with sessions.begin() as session:
        leads = "select 'lead', gen_random_uuid() from generate_series(1, :many)"
        mark = text(f"insert into analytics_marks (kind, target_id) {leads}")
        await session.execute(mark, {"many": 2 * MARKS_LOOKED_AT})
    assert await is_used_up(sessions, world)


async def test_before_any_is_counted_a_call_takes_the_most_that_it_can(sessions: Sessions, world: World) -> None:
    await change(sessions, world.pool, cost_per_minute=Decimal("0.10"))
    await change(sessions, world.campaign, budget=Decimal(1), max_call_seconds=300)
    for place in range(2):
        assert not await is_used_up(sessions, world)
        lead = await add_lead(sessions, world, f"+1312555014{place}")
        await add_attempt_of(sessions, world, lead, "in_progress", started_at=NOON)
    assert await is_used_up(sessions, world)


async def test_people_are_told_when_the_last_of_it_is_spent(sessions: Sessions, world: World) -> None:
    await budgeted(sessions, world, "0.25")
    await called(sessions, world, 1)
    with capture_logs() as before:
        await drain(sessions)
    await called(sessions, world, 2)
    with capture_logs() as after:
        await drain(sessions)
    told = [[line.get("campaign_id") for line in lines] for lines in (before, after)]
    assert told == [[], [str(world.campaign.id)]]


async def test_any_number_of_calls_may_be_counted_at_once(sessions: Sessions, world: World) -> None:
    await budgeted(sessions, world, "0.01")
    attempt = await settled(sessions, world, await add_lead(sessions, world))
    await drain(sessions)
    async with sessions() as session:
        assert await used_up_by(session, [attempt.id, *(uuid4() for _ in range(40_000))]) == [world.campaign.id]
        assert await used_up_by(session, []) == []


async def test_slots_are_handed_on_to_as_many_calls_as_fit(stage: Stage, sessions: Sessions, world: World) -> None:
    await budgeted(sessions, world, "0.62")
    await called(sessions, world, 2)
    await drain(sessions)
    for number in range(8):
        await add_lead(sessions, world, f"+1312555012{number}", created_at=NOON)
    assert await stage.slots.hand_on(world.pool.id, at_most=100) == 3
    async with sessions() as session:
        assert await turns.next_due_lead(session, world.pool.id, NOON) is None


async def test_a_lead_waits_for_more_budget_and_is_called_when_there_is(
    stage: Stage, sessions: Sessions, world: World
) -> None:
    await budgeted(sessions, world, "0.12")
    await called(sessions, world, 1)
    await drain(sessions)
    step = await stage.next_step(await add_lead(sessions, world))
    assert isinstance(step, Queued)
    assert step.why == BUDGET_IS_USED_UP
    await budgeted(sessions, world, "1")
    assert await stage.slots.hand_on(world.pool.id, at_most=100) == 1


async def test_the_second_gate_asks_too(stage: Stage, sessions: Sessions, world: World, clock: Clock) -> None:
    lead = await add_lead(sessions, world)
    dial = await stage.next_step(lead)
    assert isinstance(dial, Dial)
    await called(sessions, world, 1)
    await drain(sessions)
    await budgeted(sessions, world, "0.12")
    clock.forward(seconds=1)
    assert (await stage.place(dial)).why == "the gate was closed"
    assert (await reread(sessions, lead)).status == "new"


async def test_a_call_to_be_sent_isnt_held_up_by_what_is_left_for_it(
    stage: Stage, sessions: Sessions, world: World
) -> None:
    await called(sessions, world, 1)
    await drain(sessions)
    await budgeted(sessions, world, "0.25")
    dial = await stage.next_step(await add_lead(sessions, world))
    assert isinstance(dial, Dial)
    assert (await stage.place(dial)).why != "the gate was closed"


async def test_it_holds_up_no_other_campaign_of_the_pool(stage: Stage, sessions: Sessions, world: World) -> None:
    await budgeted(sessions, world, "0.12")
    await called(sessions, world, 1)
    await drain(sessions)
    other = await add_campaign(sessions, world)
    for number in range(4):
        await add_lead(sessions, world if number < 2 else other, f"+1312555012{number}")
    assert await stage.slots.hand_on(world.pool.id, at_most=100) == 2
