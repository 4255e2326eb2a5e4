"""A rush of decisions must not keep out who pauses a campaign or pulls the kill switch."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from storage.campaigns import lock_campaign
from storage.lead_changes import lock_numbers_of_lead
from storage.models import AccountRow
from storage.organizations import set_stopped
from storage.right_of_way import take_right_of_way_of
from storage.situations import LeadWithContext, lock_lead
from tests.builders import NOON, Sessions, World, add_lead, add_world
from tests.patience import PATIENCE_SECONDS

Change = Callable[[AsyncSession, World], Awaitable[object]]


async def pause(session: AsyncSession, world: World) -> None:
    campaign = await lock_campaign(session, world.organization.id, world.campaign.id)
    assert campaign is not None
    campaign.status = "paused"


async def stop(session: AsyncSession, world: World) -> None:
    await set_stopped(session, world.organization.id, NOON)


async def change_account(session: AsyncSession, world: World) -> None:
    await take_right_of_way_of(session, AccountRow, world.account.id)
    (await session.get_one(AccountRow, world.account.id)).max_live_calls = 1


def is_paused(context: LeadWithContext) -> bool:
    return context.campaign.status == "paused"


def is_stopped(context: LeadWithContext) -> bool:
    return context.organization.stopped_at is not None


def is_changed(context: LeadWithContext) -> bool:
    return context.account.max_live_calls == 1


@pytest.mark.parametrize(
    ("change", "is_heard"),
    [
        pytest.param(pause, is_paused, id="pause"),
        pytest.param(stop, is_stopped, id="kill-switch"),
        pytest.param(change_account, is_changed, id="account"),
    ],
)
async def test_who_changes_what_decisions_read_comes_before_the_decisions_that_begin_later(
    sessions: Sessions, change: Change, is_heard: Callable[[LeadWithContext], bool]
) -> None:
    world = await add_world(sessions)
    first, second = [await add_lead(sessions, world, f"+1312555012{place}") for place in range(2)]

    async def change_it() -> None:
        async with sessions.begin() as session:
            await change(session, world)

    async def decide_later(lead_id: UUID) -> bool:
        async with sessions.begin() as session:
            context = await lock_lead(session, lead_id)
            assert context is not None
            return is_heard(context)

    async with asyncio.timeout(PATIENCE_SECONDS), asyncio.TaskGroup() as group:
        async with sessions.begin() as deciding:
            assert await lock_lead(deciding, first.id) is not None
            changing = group.create_task(change_it())
            await until_so_many_wait(sessions, 1)
            later = group.create_task(decide_later(second.id))
            await until_so_many_wait(sessions, 2)
            assert not changing.done()
        assert await later


async def until_so_many_wait(sessions: Sessions, count: int) -> None:
    waiting = text("select count(*) from pg_locks, pg_sleep(0.01) where not granted")
    async with sessions() as session:
        while await session.scalar(waiting) != count:
            pass


async def test_who_corrects_a_lead_and_who_pauses_its_campaign_do_not_block_each_other(sessions: Sessions) -> None:
    world = await add_world(sessions)
    lead = await add_lead(sessions, world)

    async def pause_it() -> None:
        async with sessions.begin() as session:
            await pause(session, world)

    async with asyncio.timeout(PATIENCE_SECONDS), asyncio.TaskGroup() as group, sessions.begin() as correcting:
        await lock_numbers_of_lead(correcting, world.organization.id, lead.id, [])
        group.create_task(pause_it())
        await until_so_many_wait(sessions, 1)
        assert await lock_lead(correcting, lead.id) is not None


async def test_decisions_do_not_hold_each_other_up(sessions: Sessions) -> None:
    world = await add_world(sessions)
    first, second = [await add_lead(sessions, world, f"+1312555012{place}") for place in range(2)]
    async with asyncio.timeout(PATIENCE_SECONDS), sessions.begin() as one, sessions.begin() as other:
        assert await lock_lead(one, first.id) is not None
        assert await lock_lead(other, second.id) is not None
