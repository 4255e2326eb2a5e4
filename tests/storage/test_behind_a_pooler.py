"""Behind a transaction pooler no two transactions meet the same server process, and everything holds all the same."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Integer, Text, bindparam, cast, func, literal, select, text
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker

from runtime.database import create_engine, session_factory
from runtime.embedded.temporary_postgres import TemporaryPostgres, temporary_postgres
from runtime.settings import Settings
from storage.driver_transactions import DriverTransactions
from storage.looks import Look, Lookout
from storage.reading import reading
from tests.builders import Sessions
from tests.transaction_pooler import TransactionPooler, transaction_pooler

PROCESS = Look(select(func.pg_backend_pid()))
SUM = Look(select(bindparam("given", type_=Integer()) + literal(1)))
SAME = Look(select(bindparam("given", type_=Text()), literal("as it was", Text)))


@pytest.fixture(scope="module")
def trusting_server() -> Iterator[TemporaryPostgres]:
    """Takes the pooler without a password."""
    with tempfile.TemporaryDirectory(prefix="hba") as folder:
        Path(folder).chmod(0o755)
        rules = Path(folder) / "pg_hba.conf"
        rules.write_text("host all all 127.0.0.1/32 trust\n")
        with temporary_postgres({"hba_file": str(rules)}) as server:
            yield server


@pytest.fixture
async def pooler(trusting_server: TemporaryPostgres) -> AsyncIterator[TransactionPooler]:
    opened = transaction_pooler("127.0.0.1", trusting_server.port, user="leadline", database="postgres")
    async with opened as pooler:
        yield pooler


@pytest.fixture
async def sessions(pooler: TransactionPooler) -> AsyncIterator[Sessions]:
    url = f"postgresql://leadline@127.0.0.1:{pooler.port}/postgres?pgbouncer=true"
    engine = create_engine(Settings(database_url=url), pool_size=5)
    yield session_factory(engine)
    await engine.dispose()


async def test_no_two_transactions_in_a_row_meet_the_same_process(sessions: Sessions) -> None:
    met = []
    for _ in range(3):
        async with sessions() as session:
            met.append(await session.scalar(text("select pg_backend_pid()")))
    assert len(set(met)) == 3


async def test_looks_outside_of_transactions_are_answered_what_they_asked(sessions: Sessions) -> None:
    lookout = Lookout(sessions)

    async def ask(number: int) -> None:
        async with lookout.looking() as looking:
            assert await SUM.value(looking, given=number) == number + 1
            assert await SAME.first(looking, given=str(number)) == (str(number), "as it was")

    await asyncio.gather(*(ask(number) for number in range(40)))


async def test_a_look_that_fails_leaves_no_transaction_behind(sessions: Sessions) -> None:
    lookout = Lookout(sessions)
    with pytest.raises(Exception, match="invalid input syntax"):
        async with lookout.looking() as looking:
            await Look(select(cast(literal("x", Text), Integer))).first(looking)
    async with lookout.looking() as looking:
        assert await SUM.value(looking, given=1) == 2


async def test_what_reading_sessions_write_stays(sessions: Sessions) -> None:
    each = reading(sessions)
    async with each() as session:
        await session.execute(text("create table if not exists counted (number integer)"))
        await session.execute(text("delete from counted"))
    await asyncio.gather(*(count(each, number) for number in range(20)))
    async with each() as session:
        assert await session.scalar(text("select sum(number) from counted")) == sum(range(20))


async def count(each: async_sessionmaker, number: int) -> None:  # type: ignore[type-arg]
    async with each() as session:
        assert await session.scalar(text("select cast(:number as integer)"), {"number": number}) == number
        await session.execute(text("insert into counted values (:number)"), {"number": number})


async def test_a_reading_session_whose_block_fails_is_given_back(sessions: Sessions) -> None:
    engine = sessions.kw["bind"]
    assert isinstance(engine, AsyncEngine)
    each = reading(sessions)
    with pytest.raises(LookupError):
        await fail(each)
    assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]
    async with each() as session:
        assert await session.scalar(text("select 2")) == 2


async def fail(each: async_sessionmaker) -> None:  # type: ignore[type-arg]
    async with each() as session:
        await session.scalar(text("select 1"))
        raise LookupError


async def test_transactions_of_the_driver_stay_with_one_process(sessions: Sessions) -> None:
    async with DriverTransactions(sessions).begin() as looking:
        assert await PROCESS.value(looking) == await PROCESS.value(looking)
