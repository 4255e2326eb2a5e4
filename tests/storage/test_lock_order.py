"""Locks are taken in one order, also where one statement takes several: whoever waits holds only what comes before."""

import asyncio

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from storage.models import (
    AccountRow,
    AttemptRow,
    Base,
    CampaignRow,
    ContactRow,
    LeadRow,
    NumberPoolRow,
    OrganizationRow,
)
from storage.situations import LeadWithContext, PoolLock, lock_lead, lock_lead_of_attempt
from tests.builders import NOON, Sessions, World, add_attempt_of, add_lead, add_world, change
from tests.patience import PATIENCE_SECONDS

WAITING = text("select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'")

ORDER: list[type[Base]] = [OrganizationRow, CampaignRow, AccountRow, NumberPoolRow, ContactRow, LeadRow, AttemptRow]

Rows = dict[type[Base], object]
"""The id of the row of each kind that is locked for the lead."""


@pytest.fixture
async def world(sessions: Sessions) -> World:
    return await add_world(sessions)


@pytest.fixture
async def lead(sessions: Sessions, world: World) -> LeadRow:
    return await add_lead(sessions, world)


@pytest.fixture
async def rows(sessions: Sessions, world: World, lead: LeadRow) -> Rows:
    attempt = await add_attempt_of(sessions, world, lead, "done", outcome="busy", counts=True, slot_released_at=NOON)
    every = (world.organization, world.campaign, world.account, world.pool, attempt, lead)
    return {type(row): row.id for row in every} | {ContactRow: lead.contact_id}


async def is_free(session: AsyncSession, what: type[Base], row_id: object) -> bool:
    query = select(what).where(what.id == row_id).with_for_update(skip_locked=True)  # type: ignore[attr-defined]
    return await session.scalar(query) is not None


async def until_somebody_waits(session: AsyncSession) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await session.scalar(WAITING) == 0:
            await session.rollback()


@pytest.mark.parametrize("to_probe", [False, True], ids=["shared", "by-a-probe"])
@pytest.mark.parametrize("taken", ORDER, ids=lambda row: row.__tablename__)
async def test_who_waits_for_a_row_holds_those_before_it_and_none_after_it(
    sessions: Sessions, lead: LeadRow, rows: Rows, taken: type[Base], to_probe: bool
) -> None:
    async def lock() -> LeadWithContext | None:
        async with sessions.begin() as session:
            return await lock_lead(session, lead.id, pool_lock=PoolLock.WAIT, to_probe=to_probe)

    async with sessions.begin() as holder:
        assert await is_free(holder, taken, rows[taken])
        locking = asyncio.create_task(lock())
        async with sessions() as watching:
            await until_somebody_waits(watching)
            free = [what for what in ORDER if what is not taken and await is_free(watching, what, rows[what])]
    assert free == ORDER[ORDER.index(taken) + 1 :]
    assert await locking is not None


async def test_a_pool_that_somebody_else_has_locked_is_read_and_not_waited_for(
    sessions: Sessions, world: World, lead: LeadRow
) -> None:
    async with sessions.begin() as holder, sessions.begin() as session:
        assert await is_free(holder, NumberPoolRow, world.pool.id)
        async with asyncio.timeout(PATIENCE_SECONDS):
            context = await lock_lead(session, lead.id, pool_lock=PoolLock.IF_FREE)
        assert context is not None
        assert (context.pool.id, context.pool_is_locked) == (world.pool.id, False)
    async with sessions.begin() as session:
        context = await lock_lead(session, lead.id, pool_lock=PoolLock.IF_FREE)
        assert context is not None
        assert context.pool_is_locked


async def test_a_row_that_was_waited_for_is_read_as_it_was_left(
    sessions: Sessions, world: World, lead: LeadRow
) -> None:
    async def lock() -> LeadWithContext | None:
        async with sessions.begin() as session:
            return await lock_lead(session, lead.id, pool_lock=PoolLock.WAIT)

    async with sessions.begin() as holder:
        pool = await holder.get_one(NumberPoolRow, world.pool.id, with_for_update={"key_share": True})
        locking = asyncio.create_task(lock())
        async with sessions() as watching:
            await until_somebody_waits(watching)
        pool.max_live_calls = 7
        await holder.flush()
        await change(sessions, lead, priority=1)
        attempt = await add_attempt_of(sessions, world, lead)
    context = await locking
    assert context is not None
    assert (context.pool.max_live_calls, context.lead.priority) == (7, 1)
    assert [one.id for one in context.attempts] == [attempt.id]


async def test_a_lead_is_found_by_its_attempt(sessions: Sessions, world: World, lead: LeadRow) -> None:
    attempt = await add_attempt_of(sessions, world, lead)
    async with sessions.begin() as session:
        context = await lock_lead_of_attempt(session, attempt.id)
        assert await lock_lead_of_attempt(session, lead.id) is None
    assert context is not None
    assert (context.lead.id, context.pool_is_locked) == (lead.id, False)
    assert context.open_attempt is not None
    assert context.open_attempt.id == attempt.id
