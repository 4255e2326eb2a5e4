"""The provider's own figures: what of them caps an account, and who hears that there is more room."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from storage.models import AccountRow
from storage.paces import ACCOUNT_CAP, account_cap
from storage.provider_limits import Reading, write_reading
from storage.room import announce_room
from tests.builders import NOON, Sessions, World, add_world, change, reread
from tests.patience import PATIENCE_SECONDS

FIRST = Reading(limit=20, reserved=2, elsewhere=0, overcounted=False, read_at=NOON)
LATER = replace(FIRST, read_at=NOON + timedelta(minutes=1))


@pytest.fixture
async def world(sessions: Sessions) -> World:
    return await add_world(sessions)


async def write(sessions: Sessions, world: World, reading: Reading) -> object:
    async with sessions.begin() as session:
        return await write_reading(session, world.account.id, reading)


@pytest.mark.parametrize(
    ("columns", "cap"),
    [
        pytest.param({}, None, id="nobody-says"),
        pytest.param({"max_live_calls": 5}, 5, id="we-say"),
        pytest.param({"provider_limit": 20}, 20, id="the-provider-says"),
        pytest.param({"provider_limit": 20, "provider_reserved": 3}, 17, id="reserved"),
        pytest.param({"provider_limit": 20, "provider_reserved": 3, "provider_elsewhere": 2}, 17, id="used-by-others"),
        pytest.param({"provider_limit": 20, "provider_reserved": 3, "provider_elsewhere": 9}, 11, id="beyond-that"),
        pytest.param({"provider_limit": 20, "provider_elsewhere": 30}, -10, id="others-have-more-than-all"),
        pytest.param({"provider_limit": 20, "max_live_calls": 5, "provider_elsewhere": 9}, 5, id="the-lower-one"),
    ],
)
async def test_an_account_is_capped_by_the_lower_of_its_own_figure_and_the_providers(
    sessions: Sessions, world: World, columns: dict[str, int], cap: int | None
) -> None:
    await change(sessions, world.account, **columns)
    assert account_cap(await reread(sessions, world.account)) == cap
    async with sessions() as session:
        assert await session.scalar(select(ACCOUNT_CAP).select_from(AccountRow)) == cap


@pytest.mark.parametrize(
    ("then", "has_more_room"),
    [
        pytest.param(replace(LATER, limit=30), True, id="limit-raised"),
        pytest.param(replace(LATER, reserved=0), True, id="nothing-reserved-any-more"),
        pytest.param(LATER, False, id="the-same"),
        pytest.param(replace(LATER, limit=10), False, id="limit-lowered"),
        pytest.param(replace(LATER, elsewhere=9), False, id="others-call"),
        pytest.param(replace(LATER, reserved=0, elsewhere=2), False, id="those-who-ring-in-have-what-was-reserved"),
        pytest.param(replace(FIRST, limit=30), False, id="no-newer-than-what-is-known"),
    ],
)
async def test_the_accounts_pools_hear_when_more_calls_may_go_out(
    sessions: Sessions, world: World, heard: asyncio.Queue[str], then: Reading, has_more_room: bool
) -> None:
    await write(sessions, world, FIRST)
    await write(sessions, world, then)
    async with sessions.begin() as session:
        await announce_room(session, world.organization.id)
    expected = [str(world.pool.id)] * has_more_room + [str(world.organization.id)]
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert [await heard.get() for _ in expected] == expected


async def test_an_older_answer_that_comes_late_changes_nothing(sessions: Sessions, world: World) -> None:
    await write(sessions, world, LATER)
    await write(sessions, world, replace(FIRST, limit=1))
    account = await reread(sessions, world.account)
    assert (account.provider_limit, account.limits_read_at) == (20, LATER.read_at)


async def test_the_instant_since_which_too_many_are_counted_stands_until_they_are_not(
    sessions: Sessions, world: World
) -> None:
    assert await write(sessions, world, replace(FIRST, overcounted=True)) == NOON
    assert await write(sessions, world, replace(LATER, overcounted=True)) == NOON
    assert await write(sessions, world, replace(LATER, read_at=NOON + timedelta(minutes=2))) is None
