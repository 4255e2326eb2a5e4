"""What is written through the driver stands or falls with its transaction, and costs no connection."""

import asyncio

import asyncpg  # type: ignore[import-untyped]  # it ships no types
import pytest
from sqlalchemy import text

from storage.driver_transactions import DriverTransactions
from storage.looks import Look
from tests.builders import Sessions

CONNECTION = Look(text("select pg_backend_pid()"))
MADE = "create table if not exists written (number int)"


@pytest.fixture
async def transactions(sessions: Sessions) -> DriverTransactions:
    async with sessions.begin() as session:
        await session.execute(text(MADE))
        await session.execute(text("truncate written"))
    return DriverTransactions(sessions)


async def written(sessions: Sessions) -> list[int]:
    async with sessions() as session:
        return list(await session.scalars(text("select number from written order by number")))


async def test_what_was_written_is_committed_at_the_end(transactions: DriverTransactions, sessions: Sessions) -> None:
    async with transactions.begin() as transaction:
        await transaction.driver.execute("insert into written values (1)")
        assert await written(sessions) == []
    assert await written(sessions) == [1]


@pytest.mark.parametrize("wrong", ["select 1 / 0", "no such statement"])
async def test_a_statement_that_fails_takes_all_back_and_leaves_the_connection(
    transactions: DriverTransactions, sessions: Sessions, wrong: str
) -> None:
    async def write() -> None:
        async with transactions.begin() as transaction:
            await transaction.driver.execute("insert into written values (1)")
            await transaction.driver.execute(wrong)

    async with transactions.begin() as transaction:
        before = await CONNECTION.value(transaction)
    with pytest.raises(asyncpg.PostgresError):
        await write()
    async with transactions.begin() as transaction:
        assert await CONNECTION.value(transaction) == before
    assert await written(sessions) == []


async def test_whoever_is_cancelled_leaves_nothing_behind(transactions: DriverTransactions, sessions: Sessions) -> None:
    began = asyncio.Event()

    async def write() -> None:
        async with transactions.begin() as transaction:
            await transaction.driver.execute("insert into written values (1)")
            began.set()
            await transaction.driver.execute("select pg_sleep(60)")

    task = asyncio.create_task(write())
    await began.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with transactions.begin() as transaction:
        await transaction.driver.execute("insert into written values (2)")
    assert await written(sessions) == [2]


async def test_a_connection_that_was_cut_is_not_used_again(
    transactions: DriverTransactions, sessions: Sessions
) -> None:
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):
        async with transactions.begin() as transaction:
            await transaction.driver.execute("select pg_terminate_backend(pg_backend_pid())")
    async with transactions.begin() as transaction:
        await transaction.driver.execute("insert into written values (3)")
    assert await written(sessions) == [3]
