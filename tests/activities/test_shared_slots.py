"""Slots under the caps of pool, account, campaign and organisation at once, and who gets them."""

import asyncio
from collections import Counter
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select

from domain.steps import Queued
from storage.models import AttemptRow, LeadRow
from tests.activities.engine_edge import EngineEdge
from tests.activities.stage import Clock, Stage
from tests.builders import (
    NOON,
    Sessions,
    World,
    add_attempt_of,
    add_campaign,
    add_lead,
    add_pool,
    change,
    reread,
)
from tests.patience import PATIENCE_SECONDS

LAST_DIGITS = iter(range(10_000))


async def add_leads(sessions: Sessions, world: World, count: int, **columns: object) -> list[LeadRow]:
    return [await add_lead(sessions, world, f"+1312555{next(LAST_DIGITS):04}", **columns) for _ in range(count)]


async def live_by_campaign(sessions: Sessions) -> Counter[UUID]:
    async with sessions() as session:
        query = select(AttemptRow.campaign_id).where(AttemptRow.slot_released_at.is_(None))
        return Counter((await session.scalars(query)).all())


async def live(sessions: Sessions) -> int:
    return sum((await live_by_campaign(sessions)).values())


async def settle(sessions: Sessions, campaign: UUID) -> None:
    """One of the campaign's calls ends."""
    async with sessions.begin() as session:
        query = select(AttemptRow).where(AttemptRow.slot_released_at.is_(None), AttemptRow.campaign_id == campaign)
        attempt = (await session.scalars(query.limit(1).with_for_update())).one()
        attempt.slot_released_at = NOON


@pytest.mark.parametrize(
    ("whose", "columns"),
    [
        pytest.param("pool", {"max_live_calls": 5}, id="pool"),
        pytest.param("campaign", {"max_live_calls": 5}, id="campaign"),
        pytest.param("account", {"max_live_calls": 5}, id="account"),
        pytest.param("account", {"provider_limit": 7, "provider_reserved": 2}, id="the-providers-own-figure"),
        pytest.param("organization", {"max_live_calls": 5}, id="organization"),
    ],
)
async def test_no_number_of_workers_passes_a_cap(
    stage: Stage, sessions: Sessions, world: World, whose: str, columns: dict[str, object]
) -> None:
    await change(sessions, world.pool, max_calls_per_second=100.0)
    await change(sessions, getattr(world, whose), **columns)
    leads = await add_leads(sessions, world, 9)
    await asyncio.gather(
        *(stage.slots.hand_on(world.pool.id, at_most=2) for _ in range(6)), *(stage.next_step(lead) for lead in leads)
    )
    await stage.slots.hand_on(world.pool.id)
    assert await live(sessions) == 5


@pytest.mark.parametrize("whose", ["account", "organization"])
async def test_two_pools_never_pass_the_cap_that_they_share(
    stage: Stage, sessions: Sessions, world: World, whose: str
) -> None:
    other = await add_pool(sessions, world, max_calls_per_second=100.0)
    await change(sessions, world.pool, max_calls_per_second=100.0)
    await change(sessions, getattr(world, whose), max_live_calls=7)
    for one in (world, other):
        await add_leads(sessions, one, 6)
    await asyncio.gather(*(stage.slots.hand_on(one.pool.id, at_most=2) for one in (world, other) for _ in range(6)))
    assert await live(sessions) == 7


async def test_a_slot_that_comes_free_under_a_shared_cap_is_handed_on_to_the_other_pool(
    stage: Stage, sessions: Sessions, world: World, engine: EngineEdge
) -> None:
    other = await add_pool(sessions, world, max_calls_per_second=100.0)
    await change(sessions, world.account, max_live_calls=1)
    lead = (await add_leads(sessions, other, 1))[0]
    stage.slots.nudge(world.pool.id)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not engine.signals:
            await live(sessions)
    assert engine.signals == [(f"lead-{lead.id}", "slot_granted")]


@pytest.mark.parametrize(
    ("whose", "columns"),
    [
        pytest.param("pool", {"max_calls_per_second": 2.0}, id="pool"),
        pytest.param("campaign", {"max_calls_per_second": 2.0}, id="campaign"),
        pytest.param("account", {"max_calls_per_second": 2.0}, id="account"),
        pytest.param("organization", {"max_calls_per_second": 2.0}, id="organization"),
    ],
)
async def test_calls_a_second_are_kept_whoever_says_so(
    stage: Stage, sessions: Sessions, world: World, whose: str, columns: dict[str, object]
) -> None:
    await change(sessions, world.pool, max_calls_per_second=100.0)
    await change(sessions, getattr(world, whose), **columns)
    await add_leads(sessions, world, 14)
    await asyncio.gather(*(stage.slots.hand_on(world.pool.id, at_most=5) for _ in range(4)))
    async with sessions() as session:
        times = sorted((await session.scalars(select(AttemptRow.not_before))).all())
    assert times == [NOON + timedelta(seconds=0.5) * place for place in range(len(times))]
    # Whoever would have to wait longer than the horizon isn't granted a slot that somebody else could use.
    assert len(times) == 11


async def test_campaigns_share_a_pools_slots_evenly_however_many_leads_they_have(
    stage: Stage, sessions: Sessions, world: World
) -> None:
    await change(sessions, world.pool, max_live_calls=9, max_calls_per_second=100.0)
    crowd, few, one_lead = world, await add_campaign(sessions, world), await add_campaign(sessions, world)
    # The crowd has waited the longest; first come, first served would give it everything.
    await add_leads(sessions, crowd, 30, due_at=NOON - timedelta(hours=1))
    await add_leads(sessions, few, 6)
    await add_leads(sessions, one_lead, 1)
    await stage.slots.hand_on(world.pool.id)
    calls = await live_by_campaign(sessions)
    assert (calls[crowd.campaign.id], calls[few.campaign.id], calls[one_lead.campaign.id]) == (4, 4, 1)


async def test_as_calls_end_the_campaigns_stay_even(stage: Stage, sessions: Sessions, world: World) -> None:
    await change(sessions, world.pool, max_live_calls=4, max_calls_per_second=100.0)
    other = await add_campaign(sessions, world)
    await add_leads(sessions, world, 12, due_at=NOON - timedelta(hours=1))
    await add_leads(sessions, other, 12)
    await stage.slots.hand_on(world.pool.id)
    for ended in (world, world, other, world, other, other):
        await settle(sessions, ended.campaign.id)
        await stage.slots.hand_on(world.pool.id)
        calls = await live_by_campaign(sessions)
        assert (calls[world.campaign.id], calls[other.campaign.id]) == (2, 2)


async def test_a_lead_that_is_called_ahead_goes_before_every_priority(
    stage: Stage, sessions: Sessions, world: World, engine: EngineEdge
) -> None:
    await change(sessions, world.pool, max_live_calls=1)
    await add_leads(sessions, world, 2, priority=1, due_at=NOON - timedelta(hours=1))
    ahead = (await add_leads(sessions, world, 1, priority=5, called_ahead_at=NOON))[0]
    await stage.slots.hand_on(world.pool.id)
    assert engine.signals == [(f"lead-{ahead.id}", "slot_granted")]


async def test_a_campaign_that_waits_for_its_own_pace_keeps_nobody_else_waiting(
    stage: Stage, sessions: Sessions, world: World
) -> None:
    await change(sessions, world.pool, max_calls_per_second=100.0)
    slow = await add_campaign(sessions, world, max_calls_per_second=0.1)
    await add_leads(sessions, slow, 5, priority=1)
    await add_leads(sessions, world, 5)
    await stage.slots.hand_on(world.pool.id)
    calls = await live_by_campaign(sessions)
    assert (calls[slow.campaign.id], calls[world.campaign.id]) == (1, 5)


async def test_when_all_numbers_have_made_their_calls_of_the_day_the_lead_is_told_so(
    stage: Stage, sessions: Sessions, world: World, clock: Clock
) -> None:
    await change(sessions, world.pool, max_calls_per_number_per_day=1)
    leads = await add_leads(sessions, world, 3)
    await stage.slots.hand_on(world.pool.id)
    assert await live(sessions) == 2
    waiting = [lead for lead in leads if (await reread(sessions, lead)).status == "new"]
    step = await stage.next_step(waiting[0])
    assert isinstance(step, Queued)
    assert "number to call from" in step.why
    assert "number to call from" in ((await reread(sessions, waiting[0])).waiting_for or "")


async def test_slots_idle_nowhere_while_somebody_may_be_called(stage: Stage, sessions: Sessions, world: World) -> None:
    """Every end of a call is followed by one hand-on, as the announcement of a free slot brings it about."""
    await change(sessions, world.pool, max_live_calls=3, max_calls_per_second=100.0)
    await add_leads(sessions, world, 8)
    await stage.slots.hand_on(world.pool.id)
    for _ in range(5):
        assert await live(sessions) == 3
        await settle(sessions, world.campaign.id)
        await stage.slots.hand_on(world.pool.id)
    assert await live(sessions) == 3
    async with sessions() as session:
        assert await session.scalar(select(func.count()).select_from(AttemptRow)) == 8


async def test_an_attempt_that_waits_for_its_analysis_holds_no_slot(
    stage: Stage, sessions: Sessions, world: World
) -> None:
    await change(sessions, world.pool, max_live_calls=1)
    ended, waiting = await add_leads(sessions, world, 2)
    await add_attempt_of(sessions, world, ended, "in_progress", slot_released_at=NOON, ended_at=NOON)
    assert await stage.slots.hand_on(world.pool.id) == 1
    assert (await reread(sessions, waiting)).status == "in_progress"
