"""A file is taken in whole, whatever happens to whoever takes it in."""

import asyncio
import sys
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select, text
from temporalio.testing import ActivityEnvironment

from activities.taking_imports import TakeImports
from storage import imports
from storage.models import LeadImportRejectionRow, LeadImportRow, LeadRow
from tests.activities.engine_edge import EngineEdge
from tests.activities.stage import Clock, Stage
from tests.builders import ALWAYS, NOON, Sessions, World, add_world
from tests.file_builder import add_import

PROJECT = Path(__file__).resolve().parents[2]
ROWS = 2_000


@pytest.fixture
def clock() -> Clock:
    return Clock(NOON)


@pytest.fixture
async def world(sessions: Sessions) -> World:
    return await add_world(sessions, windows=ALWAYS, calling_rules="off", duplicate_numbers="allow")


async def as_it_is(sessions: Sessions, import_id: UUID) -> LeadImportRow:
    async with sessions() as session:
        return await session.get_one(LeadImportRow, import_id)


async def numbers_of_leads(sessions: Sessions) -> list[str]:
    async with sessions() as session:
        return [str(fields["note"]) for fields in await session.scalars(select(LeadRow.custom_fields))]


async def take_in(sessions: Sessions, clock: Clock, import_id: UUID) -> bool:
    return await ActivityEnvironment().run(TakeImports(sessions, clock).take_in_import, import_id)


async def test_after_a_kill_in_the_middle_the_rest_is_taken_in_and_no_row_twice(
    sessions: Sessions, world: World, clock: Clock, database_url: str
) -> None:
    rows = "".join(f"+1212555{100 + number % 100:04},{number}\n" for number in range(ROWS))
    import_id = await add_import(sessions, world, f"phone,note\n{rows}")
    victim = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.activities.import_victim", database_url, str(import_id), cwd=PROJECT
    )
    while (await as_it_is(sessions, import_id)).row_number < ROWS // 10:
        assert victim.returncode is None
    victim.kill()
    await victim.wait()
    killed = await as_it_is(sessions, import_id)
    assert (killed.status, killed.row_number < ROWS) == ("running", True)
    assert await take_in(sessions, clock, import_id)
    done = await as_it_is(sessions, import_id)
    assert (done.status, done.rows_accepted, done.rows_total) == ("done", ROWS, ROWS)
    assert sorted(map(int, await numbers_of_leads(sessions))) == list(range(ROWS))


async def test_what_was_cancelled_while_its_worker_was_dead_is_left_alone(
    stage: Stage, sessions: Sessions, world: World, clock: Clock, engine: EngineEdge
) -> None:
    import_id = await add_import(sessions, world, "phone,note\n+12125550101,a\n", status="running", touched_at=NOON)
    async with sessions.begin() as session:
        held = await imports.lock_import(session, world.organization.id, import_id)
        assert held is not None
        await imports.cancel(session, held, clock())
    clock.forward(seconds=60)
    assert (await stage.reconcile()).imports_resumed == 0
    assert await take_in(sessions, clock, import_id)
    assert (await as_it_is(sessions, import_id)).status == "cancelled"
    assert await numbers_of_leads(sessions) == []


async def test_a_row_that_the_database_refuses_costs_only_itself(
    sessions: Sessions, world: World, clock: Clock
) -> None:
    """Nothing that gets past our own checks should; here a rule of the database's own stands for what they miss."""
    async with sessions.begin() as session:
        await session.execute(text("alter table leads add check (custom_fields->>'note' <> 'poison')"))
    import_id = await add_import(sessions, world, "phone,note\n+12125550101,a\n+12125550102,poison\n+12125550103,b\n")
    assert await take_in(sessions, clock, import_id)
    done = await as_it_is(sessions, import_id)
    assert (done.rows_accepted, done.rows_rejected) == (2, 1)
    assert sorted(await numbers_of_leads(sessions)) == ["a", "b"]
    async with sessions() as session:
        rejected = (await session.scalars(select(LeadImportRejectionRow))).one()
    assert (rejected.row_number, rejected.cells) == (3, ["+12125550102", "poison"])


async def test_more_files_than_there_is_room_for_are_all_taken_in(
    sessions: Sessions, world: World, clock: Clock
) -> None:
    """One that finds no room is asked for again, as the workflow does.

    Whoever waited for no time at all would never find any: each is given up in the turn in which it is let in.
    """
    ids = [await add_import(sessions, world, f"phone,note\n+12125550101,{number}\n") for number in range(6)]
    taking = TakeImports(sessions, clock, shift=timedelta(milliseconds=10))

    async def until_over(import_id: UUID) -> None:
        while not await ActivityEnvironment().run(taking.take_in_import, import_id):
            pass

    await asyncio.gather(*map(until_over, ids))
    assert sorted(await numbers_of_leads(sessions)) == [str(number) for number in range(6)]


async def test_an_import_that_is_over_is_not_begun_again(sessions: Sessions, world: World, clock: Clock) -> None:
    import_id = await add_import(sessions, world, "phone,note\n+12125550101,a\n")
    assert await take_in(sessions, clock, import_id)
    assert await take_in(sessions, clock, import_id)
    assert await take_in(sessions, clock, uuid4())
    assert (await as_it_is(sessions, import_id)).rows_accepted == 1


async def test_an_import_that_nobody_goes_on_with_is_given_to_the_engine_again(
    stage: Stage, sessions: Sessions, world: World, clock: Clock, engine: EngineEdge
) -> None:
    left = await add_import(sessions, world, "phone,note\n", status="running", touched_at=NOON - timedelta(seconds=31))
    await add_import(sessions, world, "phone,note\n", touched_at=NOON - timedelta(seconds=29))
    await add_import(sessions, world, "phone,note\n", status="done", done_at=NOON, touched_at=NOON - timedelta(days=1))
    assert (await stage.reconcile()).imports_resumed == 1
    assert engine.started == [f"import-{left}"]
    engine.is_away = True
    assert (await stage.reconcile()).imports_resumed == 0


async def test_rejected_rows_are_kept_for_thirty_days(
    stage: Stage, sessions: Sessions, world: World, clock: Clock
) -> None:
    import_id = await add_import(sessions, world, "phone,note\nnobody,a\n")
    await take_in(sessions, clock, import_id)
    clock.forward(days=30)
    await stage.reconcile()
    assert await count_rejections(sessions) == 1
    clock.forward(seconds=1)
    await stage.reconcile()
    assert await count_rejections(sessions) == 0
    assert (await as_it_is(sessions, import_id)).rejections_deleted_at == clock.now


async def count_rejections(sessions: Sessions) -> int | None:
    async with sessions() as session:
        return await session.scalar(select(func.count()).select_from(LeadImportRejectionRow))
