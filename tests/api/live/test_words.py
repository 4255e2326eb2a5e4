"""How word of a change gets from one process to the others, and what goes on without it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg  # type: ignore[import-untyped]
import httpx
import pytest
from sqlalchemy import func, select, update

from api.live_bell import LiveBell
from api.pruning import pruning
from runtime.database import create_engine, session_factory
from runtime.settings import Settings
from storage.live_events import CHANNEL
from storage.models import LiveEventRow
from tests.api.live.conftest import APPLICATION, Change, NewCall, Sessions
from tests.api.live.ear import listen
from tests.patience import PATIENCE_SECONDS


@pytest.fixture
async def admin_connection(api_database_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(api_database_url)
    yield connection
    await connection.close()


@pytest.fixture
async def heard(admin_connection: asyncpg.Connection) -> asyncio.Queue[str]:
    words: asyncio.Queue[str] = asyncio.Queue()
    await admin_connection.add_listener(CHANNEL, lambda _connection, _pid, _channel, word: words.put_nowait(word))
    return words


async def test_many_rings_are_one_word_to_others_and_heard_here_at_once(
    sessions: Sessions, heard: asyncio.Queue[str]
) -> None:
    here: list[UUID] = []
    one, other = uuid4(), uuid4()
    bell = LiveBell(sessions, here.append)
    for _ in range(50):
        bell.ring(one)
    bell.ring(other)
    assert here == [one] * 50 + [other]
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert {await heard.get(), await heard.get()} == {str(one), str(other)}
        bell.ring(one)
        assert await heard.get() == str(one)
    assert heard.empty()
    await bell.close()


async def test_a_bell_whose_database_is_away_rings_again_when_it_is_back(
    closed_port: int, heard: asyncio.Queue[str], admin_connection: asyncpg.Connection
) -> None:
    engine = create_engine(Settings.model_validate({"DATABASE_URL": f"postgresql://app@127.0.0.1:{closed_port}/app"}))
    here: list[UUID] = []
    bell = LiveBell(session_factory(engine), here.append)
    organization_id = uuid4()
    async with asyncio.timeout(PATIENCE_SECONDS):
        for _ in range(2):
            bell.ring(organization_id)
            while bell.is_ringing:
                await admin_connection.execute("select 1")
    assert (here, heard.empty()) == ([organization_id] * 2, True)
    await bell.close()
    await engine.dispose()


@pytest.mark.parametrize("whose", [APPLICATION, "leadline-api-listening"])
async def test_connections_that_are_cut_lose_nothing(
    listener: httpx.AsyncClient, new_call: NewCall, change: Change, admin_connection: asyncpg.Connection, whose: str
) -> None:
    call = await new_call()
    async with listen(listener) as ear:
        await ear.shown()
        async with asyncio.timeout(PATIENCE_SECONDS):
            cut = "select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name = $1"
            while not await admin_connection.fetchval(cut, whose):
                pass  # asked again: it may just be connecting
        await change(call, disposition="booked")
        assert (await ear.event("call"))["attempt"]["disposition"] == "booked"


async def test_words_that_are_no_ids_change_nothing(
    listener: httpx.AsyncClient, new_call: NewCall, change: Change, admin_connection: asyncpg.Connection
) -> None:
    call = await new_call()
    async with listen(listener) as ear:
        await ear.shown()
        for word in ("", "x" * 7_000, "'; drop table live_events; --", str(uuid4())):
            await admin_connection.execute("select pg_notify($1, $2)", CHANNEL, word)
        await change(call, disposition="booked")
        assert (await ear.event())["attempt"]["disposition"] == "booked"


async def test_what_is_old_is_deleted_without_anybody_asking(sessions: Sessions, new_call: NewCall) -> None:
    async def left() -> int:
        async with sessions() as session:
            return await session.scalar(select(func.count()).select_from(LiveEventRow)) or 0

    await new_call()
    assert await left() > 0
    async with sessions.begin() as session:
        await session.execute(update(LiveEventRow).values(noted_at=LiveEventRow.noted_at - timedelta(hours=1)))
    async with pruning(sessions, every_seconds=0.01), asyncio.timeout(PATIENCE_SECONDS):
        while await left():
            pass  # asked again: the question itself lets the pruning go on
    assert await left() == 0
