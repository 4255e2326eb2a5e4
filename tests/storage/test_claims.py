"""The statements on which at-most-once rests, one by one."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from storage import attempts, parking, slots, webhook_events
from storage.attempts import attempt_id
from storage.models import AttemptRow, ContactRow, LeadRow, NumberPoolRow
from storage.situations import LeadMoved, PoolLock, lock_lead
from storage.webhook_events import NewEvent
from tests.builders import (
    NOON,
    Sessions,
    World,
    add_attempt_of,
    add_lead,
    add_lead_of,
    add_world,
    build_campaign,
    change,
    reread,
)
from tests.patience import PATIENCE_SECONDS

WAITING = text("select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'")


@pytest.fixture
async def world(sessions: Sessions) -> World:
    return await add_world(sessions)


@pytest.fixture
async def lead(sessions: Sessions, world: World) -> LeadRow:
    return await add_lead(sessions, world)


async def test_of_ten_that_want_to_dial_an_attempt_one_may(sessions: Sessions, world: World, lead: LeadRow) -> None:
    granted = await add_attempt_of(sessions, world, lead)

    async def claim() -> bool:
        async with sessions.begin() as session:
            return await attempts.mark_dialling(session, granted.id, now=NOON, look_up_at=NOON)

    assert sum(await asyncio.gather(*(claim() for _ in range(10)))) == 1


async def test_a_lead_has_one_open_attempt(sessions: Sessions, world: World, lead: LeadRow) -> None:
    await add_attempt_of(sessions, world, lead, "in_progress", slot_released_at=NOON)
    with pytest.raises(IntegrityError, match="uq_attempts_open_lead"):
        await add_attempt_of(sessions, world, lead, number=2)


async def test_a_contact_has_one_live_call_whatever_leads_hang_on_it(
    sessions: Sessions, world: World, lead: LeadRow
) -> None:
    async with sessions.begin() as session:
        context = await lock_lead(session, lead.id)
    assert context is not None
    other = await add_lead_of(sessions, world, context.contact)
    await add_attempt_of(sessions, world, lead, "in_progress")
    with pytest.raises(IntegrityError, match="uq_attempts_live_contact"):
        await add_attempt_of(sessions, world, other)


async def test_an_attempt_cannot_be_done_and_hold_a_slot(sessions: Sessions, world: World, lead: LeadRow) -> None:
    with pytest.raises(IntegrityError, match="done_holds_no_slot"):
        await add_attempt_of(sessions, world, lead, "done", outcome="answered")


async def test_an_attempts_id_follows_from_its_lead_and_number(lead: LeadRow, world: World) -> None:
    assert attempt_id(lead.id, 1) == attempt_id(lead.id, 1)
    assert len({attempt_id(lead.id, 1), attempt_id(lead.id, 2), attempt_id(world.pool.id, 1)}) == 3


async def test_a_slot_is_held_from_the_grant_until_it_is_released(
    sessions: Sessions, world: World, lead: LeadRow
) -> None:
    async def free() -> int:
        async with sessions() as session:
            owners = (world.pool, world.campaign, world.account, world.organization)
            return (await slots.capacity(session, *owners, now=NOON)).free_slots

    assert await free() == 20
    granted = await add_attempt_of(sessions, world, lead)
    assert await free() == 19
    world.campaign.max_live_calls = 1
    assert await free() == 0
    await change(sessions, granted, slot_released_at=NOON)
    assert await free() == 1


async def test_the_first_reason_for_parking_stands_until_it_is_released(sessions: Sessions, world: World) -> None:
    async with sessions.begin() as session:
        await parking.park(session, NumberPoolRow, world.pool.id, reason="first", now=NOON)
        await parking.park(session, NumberPoolRow, world.pool.id, reason="second", now=NOON + timedelta(hours=1))
    parked = await reread(sessions, world.pool)
    assert (parked.parked_reason, parked.parked_at) == ("first", NOON)
    async with sessions.begin() as session:
        await parking.release(session, NumberPoolRow, world.pool.id, now=NOON)
    assert (await reread(sessions, world.pool)).parked_at is None


async def test_holding_a_pool_back_never_brings_its_next_dial_forward(sessions: Sessions, world: World) -> None:
    for later, expected in ((10, 10), (5, 10), (20, 20)):
        async with sessions.begin() as session:
            await parking.hold_back(session, world.pool.id, NOON + timedelta(seconds=later))
        assert (await reread(sessions, world.pool)).next_dial_at == NOON + timedelta(seconds=expected)


async def test_an_event_is_kept_once_for_each_account(sessions: Sessions, world: World) -> None:
    event = NewEvent(
        organization_id=world.organization.id,
        account_id=world.account.id,
        event_key="call_ended:1",
        event="call_ended",
        call_id="1",
        payload="{}",
    )

    async def keep() -> int:
        async with sessions.begin() as session:
            return len(await webhook_events.add_events(session, [event, event]))

    assert sum(await asyncio.gather(*(keep() for _ in range(10)))) == 1


async def test_a_lead_is_read_with_all_its_attempts_and_the_one_that_is_open(
    sessions: Sessions, world: World, lead: LeadRow
) -> None:
    done: AttemptRow = await add_attempt_of(
        sessions, world, lead, "done", outcome="busy", counts=True, slot_released_at=NOON
    )
    granted = await add_attempt_of(sessions, world, lead, number=2)
    async with sessions.begin() as session:
        context = await lock_lead(session, lead.id, pool_lock=PoolLock.WAIT)
        assert await lock_lead(session, world.pool.id, pool_lock=PoolLock.WAIT) is None
    assert context is not None
    assert [attempt.id for attempt in context.attempts] == [done.id, granted.id]
    assert context.open_attempt is not None
    assert context.open_attempt.id == granted.id


async def test_a_lead_that_is_moved_while_it_is_being_locked_is_not_decided_about(
    sessions: Sessions, world: World, lead: LeadRow
) -> None:
    other = build_campaign(world.organization, world.pool)
    async with sessions.begin() as session:
        session.add(other)

    async def lock() -> None:
        async with sessions.begin() as session:
            await lock_lead(session, lead.id)

    async with sessions.begin() as mover:
        await mover.get_one(ContactRow, lead.contact_id, with_for_update=True)
        locking = asyncio.create_task(lock())
        async with asyncio.timeout(PATIENCE_SECONDS), sessions() as watching:
            while await watching.scalar(WAITING) == 0:
                await watching.rollback()
        (await mover.get_one(LeadRow, lead.id)).campaign_id = other.id
    with pytest.raises(LeadMoved):
        await locking
