"""Who joins a queue while a slot comes free is found all the same, by this process and by others."""

import asyncio
from collections.abc import Callable

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.steps import Queued
from storage.models import LeadRow
from storage.room import announce_room
from tests.activities.engine_edge import EngineEdge
from tests.activities.stage import Stage
from tests.builders import NOON, Sessions, World, add_attempt_of, add_lead, change
from tests.patience import PATIENCE_SECONDS
from tests.query_plans import overheard


@pytest.fixture
async def lead(sessions: Sessions, world: World) -> LeadRow:
    return await add_lead(sessions, world)


async def until(holds: Callable[[], bool], sessions: Sessions) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS), sessions() as session:
        while not holds():
            await session.execute(text("select pg_sleep(0.02)"))


async def test_a_slot_that_came_free_between_the_look_and_the_commit_is_handed_to_the_lead(
    stage: Stage, sessions: Sessions, world: World, engine: EngineEdge, lead: LeadRow
) -> None:
    await change(sessions, world.pool, max_live_calls=1)
    busy = await add_attempt_of(sessions, world, await add_lead(sessions, world, "+13125550101"), "in_progress")
    assert isinstance(await stage.next_step(lead), Queued)
    # Whoever freed it said so before this lead could be seen: nobody in this test heard of it.
    await change(sessions, busy, slot_released_at=NOON)
    await until(lambda: engine.signals == [(f"lead-{lead.id}", "slot_granted")], sessions)


async def test_other_processes_are_told_once_of_all_who_joined_meanwhile(
    stage: Stage, sessions: Sessions, world: World, heard: asyncio.Queue[str]
) -> None:
    for _ in range(3):
        stage.queues.joined(world.pool.id, saw_room=False)
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert await heard.get() == str(world.pool.id)
    await stage.queues.close()
    async with sessions.begin() as session:
        await announce_room(session, world.organization.id)
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert await heard.get() == str(world.organization.id)


async def test_what_was_not_told_yet_is_told_when_the_process_ends(
    stage: Stage, world: World, heard: asyncio.Queue[str]
) -> None:
    stage.queues.joined(world.pool.id, saw_room=False)
    await stage.queues.close()
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert await heard.get() == str(world.pool.id)


async def test_the_decision_itself_announces_nothing(
    stage: Stage, sessions: Sessions, world: World, lead: LeadRow
) -> None:
    """A word in a transaction keeps all others who commit one waiting until it is on the disk."""
    await change(sessions, world.pool, max_live_calls=1)
    await add_attempt_of(sessions, world, await add_lead(sessions, world, "+13125550101"), "in_progress")
    engine = sessions.kw["bind"]
    assert isinstance(engine, AsyncEngine)
    with overheard(engine) as said:
        assert isinstance(await stage.next_step(lead), Queued)
    assert said
    assert not [statement for statement in said if "pg_notify" in statement]
