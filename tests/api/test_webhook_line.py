"""Webhooks that stand in line: written together, and none of them at the cost of another."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import NoReturn
from uuid import uuid4

import asyncpg  # type: ignore[import-untyped]  # it ships no types
import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.pool import QueuePool

from activities.inbox import Taken
from api.database_away import is_database_away
from api.webhook_line import CONNECTIONS, MOST_WRITERS, WRITERS, WebhookLine
from runtime.database import create_engine, session_factory
from runtime.settings import Settings
from storage.models import AccountRow, AttemptRow, WebhookEventRow
from tests.activities.webhooks import HEARD, arrived, payload
from tests.builders import NOON, Sessions, World, add_attempt_of, add_lead, add_world, change, reread
from tests.patience import PATIENCE_SECONDS
from tests.query_plans import overheard

CALLS = 40
NUMBERS = (f"+1303555{number:04}" for number in itertools.count())


@pytest.fixture
async def world(sessions: Sessions) -> World:
    return await add_world(sessions)


@pytest.fixture
def line(sessions: Sessions) -> WebhookLine:
    return WebhookLine(sessions, lambda: HEARD)


async def dialled(sessions: Sessions, world: World) -> AttemptRow:
    lead = await add_lead(sessions, world, phone_number=next(NUMBERS))
    return await add_attempt_of(sessions, world, lead, "dialling", first_sent_at=NOON, last_sent_at=NOON)


def end_of(attempt: AttemptRow, call_id: str | None = None) -> dict[str, object]:
    return payload("call_ended", attempt, call_id=call_id or f"call_{attempt.id}")


async def test_a_rush_is_written_in_a_few_transactions(
    line: WebhookLine, sessions: Sessions, engine: AsyncEngine, world: World
) -> None:
    rows = [await dialled(sessions, world) for _ in range(CALLS)]
    with overheard(engine) as said:
        taken = await asyncio.gather(*(line.take(arrived(world.account, end_of(row))) for row in rows))
    assert taken == [Taken()] * CALLS
    assert 0 < sum(one.lower().startswith("commit") for one in said) < CALLS / 4
    assert [(await reread(sessions, row)).slot_released_at for row in rows] == [HEARD] * CALLS


async def test_one_that_cannot_be_written_costs_the_others_nothing(
    line: WebhookLine, sessions: Sessions, world: World
) -> None:
    rows = [await dialled(sessions, world) for _ in range(CALLS)]
    written = [arrived(world.account, end_of(row)) for row in rows]
    gone = AccountRow(id=uuid4(), organization_id=world.organization.id)
    written[0] = replace(written[0], account=gone)
    taken = await asyncio.gather(*(line.take(one) for one in written), return_exceptions=True)
    assert [type(one) for one in taken] == [asyncpg.ForeignKeyViolationError] + [Taken] * (CALLS - 1)
    async with sessions() as session:
        assert await session.scalar(select(func.count()).select_from(WebhookEventRow)) == CALLS - 1


async def test_a_call_that_claims_another_ones_attempt_is_its_own_and_spoils_no_batch(
    line: WebhookLine, sessions: Sessions, world: World
) -> None:
    rows = [await dialled(sessions, world) for _ in range(CALLS)]
    known = f"call_{rows[0].id}"
    await change(sessions, rows[0], call_id=known)
    written = [end_of(row) for row in rows[:-1]] + [payload("call_started", rows[-1], call_id=known)]
    taken = await asyncio.gather(*(line.take(arrived(world.account, one)) for one in written))
    assert taken == [Taken()] * CALLS
    assert (await reread(sessions, rows[-1])).call_id is None
    assert [(await reread(sessions, row)).slot_released_at for row in rows[:-1]] == [HEARD] * (CALLS - 1)


async def test_one_that_waits_for_a_lock_keeps_no_other_waiting(
    line: WebhookLine, sessions: Sessions, world: World
) -> None:
    locked, *others = [await dialled(sessions, world) for _ in range(5)]
    async with sessions.begin() as session:
        await session.get_one(AttemptRow, locked.id, with_for_update=True)
        waiting = asyncio.create_task(line.take(arrived(world.account, end_of(locked))))
        await asyncio.wait_for(
            asyncio.gather(*(line.take(arrived(world.account, end_of(row))) for row in others)), PATIENCE_SECONDS
        )
        assert not waiting.done()
    assert await waiting == Taken()
    assert (await reread(sessions, locked)).slot_released_at == HEARD


@pytest.fixture
async def nowhere(settings: Settings, closed_port: int) -> AsyncIterator[async_sessionmaker[AsyncSession]]:
    engine = create_engine(
        settings, url=f"postgresql://nobody@127.0.0.1:{closed_port}/none", pool_wait=timedelta(seconds=1)
    )
    yield session_factory(engine)
    await engine.dispose()


async def test_without_a_database_each_is_told_so_and_the_line_goes_on(
    nowhere: async_sessionmaker[AsyncSession], sessions: Sessions, world: World
) -> None:
    row = await dialled(sessions, world)
    line = WebhookLine(nowhere, lambda: HEARD)
    for _ in range(2):
        results = await asyncio.gather(
            *(line.take(arrived(world.account, end_of(row))) for _ in range(10)), return_exceptions=True
        )
        assert all(isinstance(error, OSError | OperationalError) and is_database_away(error) for error in results)


class GoesAway:
    """A database that goes away, for all who wait for a connection in the same moment."""

    def __init__(self) -> None:
        self.waited_for: asyncio.Queue[None] = asyncio.Queue()
        self.is_away = asyncio.Event()

    async def connect(self) -> NoReturn:
        self.waited_for.put_nowait(None)
        await self.is_away.wait()
        raise ConnectionResetError


async def test_who_joins_the_line_in_the_moment_in_which_all_writers_leave_it_waits_for_nobody() -> None:
    database = GoesAway()
    engine = create_async_engine("postgresql+asyncpg://", async_creator=database.connect)
    line = WebhookLine(session_factory(engine), lambda: HEARD)
    account = AccountRow(id=uuid4(), organization_id=uuid4())

    async def report(times: int) -> None:
        for _ in range(times):
            with pytest.raises(ConnectionResetError):
                await line.take(arrived(account, end_of(AttemptRow(id=uuid4()))))

    twice = asyncio.create_task(report(2))
    await database.waited_for.get()
    once = asyncio.create_task(report(1))
    await database.waited_for.get()
    database.is_away.set()
    await asyncio.wait_for(asyncio.gather(twice, once), PATIENCE_SECONDS)


NEVER = 3_600.0


class StandsStill:
    """A database whose connections don't come until they are let through, each by itself."""

    def __init__(self, dsn: str, *, still: int) -> None:
        self.is_asked: asyncio.Queue[None] = asyncio.Queue()
        self.doors = [asyncio.Event() for _ in range(still)]
        self.asked = 0
        self._dsn = dsn

    async def connect(self) -> asyncpg.Connection:
        door = self.doors[self.asked] if self.asked < len(self.doors) else None
        self.asked += 1
        self.is_asked.put_nowait(None)
        if door is not None:
            await door.wait()
        return await asyncpg.connect(self._dsn)

    def let_through(self, doors: slice) -> None:
        for door in self.doors[doors]:
            door.set()


class Scene:
    """A line before a database that stands still."""

    def __init__(self, dsn: str, world: World, *, still: int) -> None:
        self.database = StandsStill(dsn, still=still)
        self.engine = create_async_engine(
            "postgresql+asyncpg://", async_creator=self.database.connect, pool_size=CONNECTIONS, max_overflow=0
        )
        self.line = WebhookLine(session_factory(self.engine), lambda: HEARD)
        self._world = world

    def take(self, row: AttemptRow) -> "asyncio.Task[Taken]":
        return asyncio.create_task(self.line.take(arrived(self._world.account, end_of(row))))

    async def asked(self, *rows: AttemptRow) -> "list[asyncio.Task[Taken]]":
        """Have these taken one after the other, each by a writer that asks for a connection of its own."""
        taken = []
        for row in rows:
            taken.append(self.take(row))
            await asyncio.wait_for(self.database.is_asked.get(), PATIENCE_SECONDS)
        return taken

    @property
    def at_work(self) -> int:
        pool = self.engine.sync_engine.pool
        assert isinstance(pool, QueuePool)
        return pool.checkedout()


@pytest.fixture
def slow_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.webhook_line.LONG_SECONDS", 0.0)


async def some_turns() -> None:
    """A writer begins, asks for a connection, and may be found to be slow."""
    for _ in range(10):
        await asyncio.sleep(0)


async def all_of(taken: "Sequence[asyncio.Task[Taken]]") -> Sequence[Taken]:
    return await asyncio.wait_for(asyncio.gather(*taken), PATIENCE_SECONDS)


async def test_where_all_writers_take_long_others_write_in_their_place(
    api_database_url: str, sessions: Sessions, world: World
) -> None:
    rows = [await dialled(sessions, world) for _ in range(WRITERS + 3)]
    scene = Scene(api_database_url, world, still=WRITERS)
    slow = await scene.asked(*rows[:WRITERS])
    assert await all_of([scene.take(row) for row in rows[WRITERS:]]) == [Taken()] * 3
    assert not any(task.done() for task in slow)
    scene.database.let_through(slice(None))
    assert await all_of(slow) == [Taken()] * WRITERS
    assert [(await reread(sessions, row)).slot_released_at for row in rows] == [HEARD] * len(rows)
    await scene.engine.dispose()


@pytest.mark.usefixtures("slow_at_once")
async def test_where_those_take_long_as_well_there_are_no_more(
    api_database_url: str, sessions: Sessions, world: World
) -> None:
    rows = [await dialled(sessions, world) for _ in range(2 * MOST_WRITERS)]
    scene = Scene(api_database_url, world, still=len(rows))
    taken = await scene.asked(*rows[:MOST_WRITERS])
    for row in rows[MOST_WRITERS:]:
        taken.append(scene.take(row))
        await some_turns()
    assert scene.database.asked == MOST_WRITERS
    scene.database.let_through(slice(None))
    assert await all_of(taken) == [Taken()] * len(rows)
    await scene.engine.dispose()


@pytest.mark.usefixtures("slow_at_once")
async def test_one_that_was_slow_leaves_the_line_to_those_in_its_place(
    api_database_url: str, sessions: Sessions, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [await dialled(sessions, world) for _ in range(2 * WRITERS + 2)]
    scene = Scene(api_database_url, world, still=2 * WRITERS)
    slow = await scene.asked(*rows[:WRITERS])
    await some_turns()
    monkeypatch.setattr("api.webhook_line.LONG_SECONDS", NEVER)
    others = await scene.asked(*rows[WRITERS : 2 * WRITERS])
    waiting = [scene.take(row) for row in rows[2 * WRITERS :]]
    scene.database.let_through(slice(WRITERS))
    assert await all_of(slow) == [Taken()] * WRITERS
    await some_turns()
    assert not any(task.done() for task in waiting)
    assert scene.at_work == WRITERS
    scene.database.let_through(slice(None))
    assert await all_of([*others, *waiting]) == [Taken()] * (WRITERS + 2)
    await scene.engine.dispose()


@pytest.mark.usefixtures("slow_at_once")
async def test_once_nobody_is_slow_any_more_there_are_as_many_writers_as_before(
    api_database_url: str, sessions: Sessions, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [await dialled(sessions, world) for _ in range(WRITERS + MOST_WRITERS)]
    scene = Scene(api_database_url, world, still=len(rows))
    slow = await scene.asked(*rows[:WRITERS])
    await some_turns()
    monkeypatch.setattr("api.webhook_line.LONG_SECONDS", NEVER)
    scene.database.let_through(slice(WRITERS))
    assert await all_of(slow) == [Taken()] * WRITERS
    await scene.engine.dispose()  # what is asked for now has to be opened
    taken = []
    for row in rows[WRITERS:]:
        taken.append(scene.take(row))
        await some_turns()
    assert scene.database.asked == 2 * WRITERS
    scene.database.let_through(slice(None))
    assert await all_of(taken) == [Taken()] * MOST_WRITERS
    await scene.engine.dispose()
