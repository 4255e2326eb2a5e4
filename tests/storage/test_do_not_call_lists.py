"""Imported lists: what a batch counts, what an import leaves out, whose list it is, and that gates see every commit."""

import asyncio
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from storage.contact_facts import contact_facts
from storage.do_not_call_lists import (
    MOST_IN_A_BATCH,
    Holding,
    ListTakenOver,
    Put,
    begin_import,
    drop_list,
    finish_import,
    put_numbers,
    remove_left_out,
    take_list,
)
from storage.models import DoNotCallEntryRow, DoNotCallListRow, LeadRow
from storage.situations import lock_lead
from tests.builders import NOON, Sessions, World, add_lead, add_world
from tests.patience import PATIENCE_SECONDS

WAITING = text("select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'")
NUMBER = "+13125550123"


@pytest.fixture
async def world(sessions: Sessions) -> World:
    return await add_world(sessions)


@pytest.fixture
async def lead(sessions: Sessions, world: World) -> LeadRow:
    return await add_lead(sessions, world, NUMBER)


async def begin(sessions: Sessions, world: World, name: str = "Registry") -> Holding:
    async with sessions.begin() as session:
        return await begin_import(session, world.organization.id, name=name, kind="registry", source=None)


async def put(sessions: Sessions, held: Holding, *numbers: str) -> Put:
    async with sessions.begin() as session:
        return await put_numbers(session, held, numbers)


async def remove(sessions: Sessions, held: Holding) -> int:
    count, after = 0, None
    while True:
        async with sessions.begin() as session:
            removed = await remove_left_out(session, held, after=after)
        count, after = count + removed.count, removed.last
        if after is None:
            return count


async def content(sessions: Sessions, list_id: UUID) -> set[str]:
    async with sessions() as session:
        query = select(DoNotCallEntryRow.phone_number).where(DoNotCallEntryRow.list_id == list_id)
        return set(await session.scalars(query))


async def listed(session: AsyncSession, lead: LeadRow) -> bool:
    """As a gate asks: once it holds what decides about the lead."""
    context = await lock_lead(session, lead.id)
    assert context is not None
    return (await contact_facts(session, context.contact, context.lead, dialled_since=NOON)).is_listed


async def until_somebody_waits(sessions: Sessions) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS), sessions() as watching:
        while await watching.scalar(WAITING) == 0:
            await watching.rollback()


async def test_a_number_is_counted_once_an_import_as_new_or_as_kept(sessions: Sessions, world: World) -> None:
    first = await begin(sessions, world)
    assert await put(sessions, first, "+12125550101", "+12125550102") == Put(added=2, kept=0)
    assert await put(sessions, first, "+12125550102", "+12125550103") == Put(added=1, kept=0)
    second = await begin(sessions, world)
    assert await put(sessions, second, "+12125550103", "+12125550104") == Put(added=1, kept=1)
    assert second.list_id == first.list_id


async def test_what_an_import_left_out_is_removed_in_batches_and_nothing_else_is(
    sessions: Sessions, world: World
) -> None:
    old = [f"+1212{number:07}" for number in range(2_000_000, 2_000_000 + 2 * MOST_IN_A_BATCH + 1)]
    other = await begin(sessions, world, "Other")
    await put(sessions, other, NUMBER)
    first = await begin(sessions, world)
    for start in range(0, len(old), MOST_IN_A_BATCH):
        await put(sessions, first, *old[start : start + MOST_IN_A_BATCH])
    second = await begin(sessions, world)
    await put(sessions, second, old[0], old[1_500], "+12125550104")
    assert await remove(sessions, second) == len(old) - 2
    assert await content(sessions, second.list_id) == {old[0], old[1_500], "+12125550104"}
    assert await content(sessions, other.list_id) == {NUMBER}


async def test_a_list_is_listed_for_its_own_organization_only(sessions: Sessions, world: World) -> None:
    stranger = await add_world(sessions)
    leads = [await add_lead(sessions, *whom) for whom in ((world, NUMBER), (world, "+13125550124"), (stranger, NUMBER))]
    await put(sessions, await begin(sessions, world), NUMBER)
    async with sessions() as session:
        assert [await listed(session, lead) for lead in leads] == [True, False, False]


async def test_of_two_imports_the_one_that_began_last_goes_on(sessions: Sessions, world: World) -> None:
    first = await begin(sessions, world)
    await put(sessions, first, "+12125550101")
    second = await begin(sessions, world)
    await put(sessions, second, "+12125550102")
    with pytest.raises(ListTakenOver):
        await put(sessions, first, "+12125550103")
    with pytest.raises(ListTakenOver):
        await remove(sessions, first)
    with pytest.raises(ListTakenOver):
        async with sessions.begin() as session:
            await finish_import(session, first, kind=None, source=None, refreshed_at=NOON, numbers=1)
    assert await remove(sessions, second) == 1
    assert await content(sessions, second.list_id) == {"+12125550102"}


async def test_an_import_waits_for_the_batch_of_the_one_that_it_takes_over_from(
    sessions: Sessions, world: World
) -> None:
    first = await begin(sessions, world)
    async with sessions.begin() as session:
        await put_numbers(session, first, [NUMBER])
        second = asyncio.create_task(begin(sessions, world))
        await until_somebody_waits(sessions)
    assert await put(sessions, await second, NUMBER) == Put(added=0, kept=1)


async def test_a_list_that_is_being_deleted_takes_no_further_batch(sessions: Sessions, world: World) -> None:
    held = await begin(sessions, world)
    await put(sessions, held, NUMBER)
    async with sessions.begin() as session:
        taken = await take_list(session, world.organization.id, held.list_id)
        assert await take_list(session, uuid4(), held.list_id) is None
    assert taken is not None
    with pytest.raises(ListTakenOver):
        await put(sessions, held, NUMBER)
    assert await remove(sessions, taken) == 1
    async with sessions.begin() as session:
        await drop_list(session, taken)
    async with sessions() as session:
        assert await session.scalar(select(func.count()).select_from(DoNotCallListRow)) == 0
    with pytest.raises(ListTakenOver):
        await put(sessions, held, NUMBER)


async def test_a_gate_that_holds_the_organization_commits_before_the_batch(
    sessions: Sessions, world: World, lead: LeadRow
) -> None:
    held = await begin(sessions, world)
    async with sessions.begin() as gate:
        assert not await listed(gate, lead)
        putting = asyncio.create_task(put(sessions, held, NUMBER))
        await until_somebody_waits(sessions)
        assert not await listed(gate, lead)
        assert not putting.done()
    assert await putting == Put(added=1, kept=0)


async def test_a_gate_that_comes_while_a_batch_commits_waits_and_sees_it(
    sessions: Sessions, world: World, lead: LeadRow
) -> None:
    held = await begin(sessions, world)

    async def gate() -> bool:
        async with sessions.begin() as session:
            return await listed(session, lead)

    async with sessions.begin() as session:
        await put_numbers(session, held, [NUMBER])
        weighing = asyncio.create_task(gate())
        await until_somebody_waits(sessions)
        assert not weighing.done()
    assert await weighing is True


async def test_imports_of_two_lists_do_not_block_each_other_for_good(sessions: Sessions, world: World) -> None:
    """They have numbers in common, and one list is even imported twice at once."""
    one, two = await begin(sessions, world, "One"), await begin(sessions, world, "Two")

    async def batches(held: Holding, first: int) -> int:
        numbers = [[f"+1212555{n:04}" for n in range(start, start + 50)] for start in range(first, first + 500, 50)]
        return sum([(await put(sessions, held, *batch)).added for batch in numbers])

    added = await asyncio.gather(batches(one, 1000), batches(two, 1200), batches(two, 1200))
    assert added[0] == added[1] + added[2] == 500
    assert len(await content(sessions, one.list_id) | await content(sessions, two.list_id)) == 700
