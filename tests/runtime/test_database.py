"""Engines against a real PostgreSQL: which address they take, how they wait, what they set."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine

from runtime.database import create_engine, session_factory
from runtime.embedded.temporary_postgres import temporary_postgres
from runtime.settings import Settings
from storage.address import async_url


@pytest.mark.parametrize(
    ("dsn", "converted"),
    [
        pytest.param("postgresql://u:p@h:5432/d", "postgresql+asyncpg://u:p@h:5432/d", id="plain"),
        pytest.param("postgres://u@h/d", "postgresql+asyncpg://u@h/d", id="short-scheme"),
        pytest.param("postgresql+asyncpg://u@h/d", "postgresql+asyncpg://u@h/d", id="already-converted"),
        pytest.param("postgresql://u@h/d?sslmode=require", "postgresql+asyncpg://u@h/d?ssl=require", id="sslmode"),
        pytest.param(
            "postgresql://u@h/d?pgbouncer=true&connect_timeout=5", "postgresql+asyncpg://u@h/d", id="libpq-only"
        ),
        pytest.param(
            "postgresql://u:p@/d?host=/cloudsql/a:b:c",
            "postgresql+asyncpg://u:p@/d?host=%2Fcloudsql%2Fa%3Ab%3Ac",
            id="cloud-sql-socket",
        ),
    ],
)
def test_an_address_is_converted_for_asyncpg(dsn: str, converted: str) -> None:
    assert async_url(dsn).render_as_string(hide_password=False) == converted


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(Settings(database_url=database_url, database_pool_size=1), application="leadline-test")
    yield engine
    await engine.dispose()


async def test_a_connection_carries_its_name_and_its_limits(engine: AsyncEngine) -> None:
    async with session_factory(engine)() as session:
        row = await session.execute(
            text("SELECT current_setting('application_name'), current_setting('statement_timeout'),"
                 " current_setting('lock_timeout')")
        )  # fmt: skip
        assert tuple(row.one()) == ("leadline-test", "30s", "5s")


async def test_an_exhausted_pool_answers_within_seconds(database_url: str) -> None:
    engine = create_engine(Settings(database_url=database_url), pool_size=1)
    try:
        async with engine.connect():
            with pytest.raises(PoolTimeoutError):
                await engine.connect()
    finally:
        await engine.dispose()


async def test_a_connection_that_was_cut_is_replaced_unnoticed(engine: AsyncEngine, database_url: str) -> None:
    other = create_engine(Settings(database_url=database_url))
    try:
        async with engine.connect() as cut, other.begin() as killer:
            pid = await cut.scalar(text("SELECT pg_backend_pid()"))
            await cut.rollback()
            await killer.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
    finally:
        await other.dispose()
    async with engine.connect() as again:
        assert await again.scalar(text("SELECT 1")) == 1


@pytest.mark.parametrize(
    ("suffix", "by_setting"),
    [pytest.param("?pgbouncer=true", False, id="by-address"), pytest.param("", True, id="by-setting")],
)
async def test_behind_a_pooler_no_statement_is_left_on_the_server(
    database_url: str, suffix: str, by_setting: bool
) -> None:
    settings = Settings(database_url=database_url + suffix, database_behind_pooler=by_setting)
    engine = create_engine(settings)
    try:
        async with engine.connect() as connection:
            await connection.execute(text("SELECT 41 + :more"), {"more": 1})
            named = await connection.scalar(text("SELECT count(*) FROM pg_prepared_statements WHERE name <> ''"))
            assert named == 0
            assert await connection.scalar(text("SELECT current_setting('statement_timeout')")) == "0"
    finally:
        await engine.dispose()


@pytest.fixture
def open_folder() -> Iterator[str]:
    """A folder with a short path, as socket addresses need, that the server's user may write to."""
    with tempfile.TemporaryDirectory(prefix="sock") as folder:
        Path(folder).chmod(0o777)
        yield folder


async def test_a_unix_socket_is_reached_by_its_folder(open_folder: str) -> None:
    with temporary_postgres({"unix_socket_directories": open_folder}) as server:
        password = server.cluster.password
        dsn = f"postgresql://leadline:{password}@/postgres?host={open_folder}&port={server.port}"
        engine = create_engine(Settings(database_url=dsn))
        try:
            async with engine.connect() as connection:
                assert await connection.scalar(text("SELECT inet_server_addr() IS NULL"))
        finally:
            await engine.dispose()
