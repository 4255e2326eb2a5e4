"""Parking and releasing, statement by statement."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from storage import parking
from storage.models import AccountRow, CampaignRow, NumberPoolRow
from storage.parking import Parkable
from tests.builders import NOON, Sessions, World, add_pool, add_world, build_campaign, change, reread
from tests.patience import PATIENCE_SECONDS

SECOND = timedelta(seconds=1)


@pytest.fixture
async def world(sessions: Sessions) -> World:
    return await add_world(sessions)


@pytest.mark.parametrize("what", [AccountRow, NumberPoolRow, CampaignRow])
async def test_every_pool_concerned_hears_of_what_is_parked_and_of_what_is_released(
    sessions: Sessions, world: World, heard: asyncio.Queue[str], what: Parkable
) -> None:
    other = (await add_pool(sessions, world)).pool
    row: Any = {AccountRow: world.account, NumberPoolRow: world.pool, CampaignRow: world.campaign}[what]
    pools = {str(world.pool.id), str(other.id)} if what is AccountRow else {str(world.pool.id)}
    async with sessions.begin() as session:
        assert await parking.park(session, what, row.id, reason="refused_payment", now=NOON)
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert {await heard.get() for _ in pools} == pools
    async with sessions.begin() as session:
        assert await parking.release(session, what, row.id, now=NOON + SECOND) == "refused_payment"
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert {await heard.get() for _ in pools} == pools
    async with sessions.begin() as session:
        assert await parking.release(session, what, row.id, now=NOON + 2 * SECOND) is None
    assert (await reread(sessions, row)).released_at == NOON + SECOND
    assert heard.empty()


@pytest.mark.parametrize(
    ("account", "campaign", "other", "expected"),
    [
        pytest.param(None, None, None, None, id="nothing-is-parked"),
        pytest.param(NOON + 5 * SECOND, None, None, NOON + 5 * SECOND, id="the-account"),
        pytest.param(NOON, None, None, None, id="due-already"),
        pytest.param(NOON + 5 * SECOND, NOON + 9 * SECOND, NOON + 9 * SECOND, NOON + 9 * SECOND, id="the-last-decides"),
        pytest.param(NOON + 5 * SECOND, NOON + 9 * SECOND, None, NOON + 5 * SECOND, id="by-another-campaign"),
        pytest.param(None, NOON + 9 * SECOND, NOON + 7 * SECOND, NOON + 7 * SECOND, id="the-first-of-two-campaigns"),
    ],
)
async def test_a_pool_is_looked_at_again_when_the_first_of_its_campaigns_may_be_tried(
    sessions: Sessions,
    world: World,
    account: datetime | None,
    campaign: datetime | None,
    other: datetime | None,
    expected: datetime | None,
) -> None:
    second, paused = build_campaign(world.organization, world.pool), build_campaign(world.organization, world.pool)
    paused.status = "paused"
    async with sessions.begin() as session:
        session.add_all([second, paused])
    await change(sessions, paused, parked_at=NOON, probe_at=NOON + SECOND)
    for row, probe_at in ((world.account, account), (world.campaign, campaign), (second, other)):
        await change(sessions, row, parked_at=NOON if probe_at else None, probe_at=probe_at)
    async with sessions() as session:
        assert await parking.next_probe_at(session, world.pool.id, NOON) == expected


async def test_an_old_refusal_parks_nothing_that_was_released_since(sessions: Sessions, world: World) -> None:
    await change(sessions, world.pool, released_at=NOON)
    for heard_of, parks in ((NOON - SECOND, False), (NOON + SECOND, True)):
        async with sessions.begin() as session:
            is_parked = await parking.park(
                session, NumberPoolRow, world.pool.id, reason="x", now=NOON + 2 * SECOND, heard_of=heard_of
            )
        assert is_parked is parks
