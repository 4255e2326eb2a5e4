"""A file is taken in at the same moment as a person in it is erased: nothing of them is left, whoever comes first."""

import asyncio
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession
from temporalio.testing import ActivityEnvironment

from activities.taking_imports import ERASED, TakeImports
from storage.contacts import lock_contact_ids
from storage.erasure import erase, lock_person
from storage.models import ContactRow, LeadImportRejectionRow, LeadImportRow, LeadRow
from tests.activities.stage import Clock
from tests.builders import ALWAYS, NOON, Sessions, World, add_lead, add_world
from tests.file_builder import add_import

WAITING = text("select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'")
PERSON, LATER = "+12125550101", "+12125550102"
FILE = f"phone,note\n{PERSON},a secret of theirs\n{LATER},b\n"


@pytest.fixture
def clock() -> Clock:
    return Clock(NOON)


@pytest.fixture
async def world(sessions: Sessions) -> World:
    return await add_world(sessions, windows=ALWAYS, calling_rules="off", duplicate_numbers="allow")


@pytest.fixture
async def contact_id(sessions: Sessions, world: World) -> UUID:
    """Of somebody who has a lead already."""
    return (await add_lead(sessions, world, PERSON)).contact_id


async def until_waiting(sessions: Sessions, how_many: int) -> None:
    while True:
        async with sessions() as watching:
            if await watching.scalar(WAITING) == how_many:
                return


async def taken_in(sessions: Sessions, clock: Clock, import_id: UUID) -> LeadImportRow:
    assert await ActivityEnvironment().run(TakeImports(sessions, clock).take_in_import, import_id)
    async with sessions() as session:
        return await session.get_one(LeadImportRow, import_id)


async def erased(session: AsyncSession, contact_id: UUID, clock: Clock) -> None:
    await erase(session, await lock_person(session, contact_id), clock())


async def notes(sessions: Sessions) -> list[str]:
    async with sessions() as session:
        return sorted(str(fields.get("note")) for fields in await session.scalars(select(LeadRow.custom_fields)))


async def test_an_erasure_that_comes_first_has_the_row_rejected_and_nothing_of_it_kept(
    sessions: Sessions, world: World, clock: Clock, contact_id: UUID
) -> None:
    import_id = await add_import(sessions, world, FILE)
    async with sessions.begin() as erasing:
        await erased(erasing, contact_id, clock)
        taking = asyncio.create_task(taken_in(sessions, clock, import_id))
        await until_waiting(sessions, 1)
    done = await taking
    assert (done.rows_accepted, done.rows_rejected) == (1, 1)
    assert await notes(sessions) == ["None", "b"]
    async with sessions() as session:
        rejected = (await session.scalars(select(LeadImportRejectionRow))).one()
        numbers = set(await session.scalars(select(ContactRow.phone_number)))
    assert (rejected.reason, rejected.cells) == (ERASED, [])
    assert numbers == {f"erased:{contact_id}", LATER}


async def test_an_erasure_that_comes_second_empties_the_lead_that_the_file_brought(
    sessions: Sessions, world: World, clock: Clock, contact_id: UUID
) -> None:
    async def erase_them() -> None:
        async with sessions.begin() as session:
            await erased(session, contact_id, clock)

    async with sessions.begin() as session:
        await lock_contact_ids(session, world.organization.id, [LATER])
    import_id = await add_import(sessions, world, FILE)
    async with sessions.begin() as holder:
        # Contacts are locked in the order of their numbers: the batch has the person when it waits for this one.
        await lock_contact_ids(holder, world.organization.id, [LATER])
        taking = asyncio.create_task(taken_in(sessions, clock, import_id))
        await until_waiting(sessions, 1)
        erasing = asyncio.create_task(erase_them())
        await until_waiting(sessions, 2)
    done = await taking
    await erasing
    assert (done.rows_accepted, done.rows_rejected) == (2, 0)
    assert await notes(sessions) == ["None", "None", "b"]
