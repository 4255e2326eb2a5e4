"""Word of free slots: with the commit that frees one, and never without."""

import asyncio
from decimal import Decimal

import asyncpg  # type: ignore[import-untyped]
import pytest

from runtime.listening import listening
from runtime.settings import Settings
from storage.room import CHANNEL, PLAN, announce_room
from tests.builders import NOON, Sessions, World, add_attempt_of, add_lead, add_pool, add_world, change
from tests.patience import PATIENCE_SECONDS


@pytest.fixture
async def world(sessions: Sessions) -> World:
    return await add_world(sessions)


async def test_whoever_frees_a_slot_the_pool_is_named_once_and_only_after_the_commit(
    sessions: Sessions, world: World, heard: asyncio.Queue[str]
) -> None:
    attempt = await add_attempt_of(sessions, world, await add_lead(sessions, world))
    await change(sessions, attempt, look_up_at=NOON)
    async with sessions() as session:
        row = await session.merge(attempt)
        row.slot_released_at = NOON
        await session.flush()
        await session.rollback()
    await change(sessions, attempt, slot_released_at=NOON)
    await change(sessions, attempt, status="done", outcome="answered", counts=True)
    async with sessions.begin() as session:
        await announce_room(session, world.organization.id)
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert [await heard.get(), await heard.get()] == [str(world.pool.id), str(world.organization.id)]


async def test_who_changes_when_leads_may_be_called_has_the_pool_named_for_planning(
    sessions: Sessions, world: World, heard: asyncio.Queue[str]
) -> None:
    await change(sessions, world.campaign, replanned_at=NOON, name="Once more")
    await change(sessions, world.campaign, replanned_at=NOON, name="As it was")
    await change(sessions, world.campaign, status="paused")
    await change(sessions, world.organization, stopped_at=NOON)
    await change(sessions, world.organization, stopped_at=None)
    async with sessions.begin() as session:
        await announce_room(session, world.organization.id)
    async with asyncio.timeout(PATIENCE_SECONDS):
        words = [await heard.get() for _ in range(3)]
    assert words == [f"{PLAN}{world.pool.id}", f"{PLAN}{world.pool.id}", str(world.organization.id)]


@pytest.mark.parametrize("cap", ["max_live_calls", "max_calls_per_second"])
@pytest.mark.parametrize("owner", ["pool", "account", "campaign", "organization"])
async def test_a_cap_that_is_changed_has_the_pool_named_and_the_same_again_has_not(
    sessions: Sessions, world: World, heard: asyncio.Queue[str], owner: str, cap: str
) -> None:
    await change(sessions, getattr(world, owner), **{cap: 7})
    await change(sessions, getattr(world, owner), **{cap: 7, "name": "As it was"})
    async with sessions.begin() as session:
        await announce_room(session, world.organization.id)
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert [await heard.get() for _ in range(2)] == [str(world.pool.id), str(world.organization.id)]


async def test_a_campaign_that_moves_to_another_pool_has_that_one_named(
    sessions: Sessions, world: World, heard: asyncio.Queue[str]
) -> None:
    other = await add_pool(sessions, world)
    await change(sessions, world.campaign, number_pool_id=other.pool.id)
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert await heard.get() == str(other.pool.id)


async def test_a_budget_that_is_raised_makes_room(sessions: Sessions, world: World, heard: asyncio.Queue[str]) -> None:
    await change(sessions, world.campaign, budget=Decimal(500))
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert await heard.get() == str(world.pool.id)


async def test_a_listener_whose_connection_was_cut_listens_again(
    sessions: Sessions, world: World, database_url: str
) -> None:
    words: asyncio.Queue[str] = asyncio.Queue()
    settings = Settings.model_validate({"DATABASE_URL": database_url})
    admin = await asyncpg.connect(database_url)

    async def listeners() -> int:
        return int(await admin.fetchval("select count(*) from pg_stat_activity where application_name = 'ears'"))

    async def until_there_are(number: int) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await listeners() != number:
                await admin.execute("select pg_sleep(0.02)")

    async def speak() -> None:
        async with sessions.begin() as session:
            await announce_room(session, world.pool.id)

    async def hears() -> str:
        """LISTEN comes a moment after the connection."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while words.empty():
                await speak()
                await admin.execute("select pg_sleep(0.02)")
            return words.get_nowait()

    async with listening(settings, {CHANNEL: words.put_nowait}, application="ears"):
        assert await hears() == str(world.pool.id)
        await admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'ears'")
        await until_there_are(0)
        while not words.empty():
            words.get_nowait()
        assert await hears() == str(world.pool.id)
    await until_there_are(0)
    await admin.close()
