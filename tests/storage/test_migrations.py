"""Migrations give exactly the tables of the models, forwards, backwards and from several processes at once."""

import asyncio
from collections.abc import Callable, Iterator
from typing import TypeVar
from uuid import uuid4

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, make_url, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from runtime.embedded.temporary_postgres import TemporaryPostgres
from storage.migrate import alembic_config, upgrade
from storage.models import Base

Answer = TypeVar("Answer")

CHECKS = text(
    "select conrelid::regclass::text, conname, pg_get_constraintdef(oid) from pg_constraint"
    " where contype = 'c' and connamespace = 'public'::regnamespace"
)


@pytest.fixture
def empty_database(postgres_server: TemporaryPostgres) -> Iterator[str]:
    name = f"test_{uuid4().hex}"
    yield postgres_server.create_database(name)
    postgres_server.drop_database(name)


async def on(database: str, ask: Callable[[Connection], Answer]) -> Answer:
    engine = create_async_engine(make_url(database).set(drivername="postgresql+asyncpg"), poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(ask)
    finally:
        await engine.dispose()


def differences(connection: Connection) -> object:
    context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
    return compare_metadata(context, Base.metadata)


def checks(connection: Connection) -> set[tuple[str, ...]]:
    return {tuple(row) for row in connection.execute(CHECKS)}


def make_tables(connection: Connection) -> None:
    Base.metadata.create_all(connection)
    connection.commit()


def tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names()) - {"alembic_version"}


async def test_the_migrations_give_what_the_models_say(database_url: str) -> None:
    assert await on(database_url, differences) == []


async def test_the_migrations_give_the_checks_of_the_models_too(database_url: str, empty_database: str) -> None:
    """A vocabulary that grew in the models alone would have the database refuse what the program writes."""
    await on(empty_database, make_tables)
    assert await on(database_url, checks) == await on(empty_database, checks)


async def test_everything_is_taken_back_and_made_again(empty_database: str) -> None:
    await upgrade(empty_database)
    made = await on(empty_database, tables)
    await on(empty_database, lambda connection: command.downgrade(alembic_config(connection), "base"))
    assert await on(empty_database, tables) == set()
    await upgrade(empty_database)
    assert await on(empty_database, tables) == made == set(Base.metadata.tables)


async def test_processes_that_migrate_at_once_wait_for_each_other(empty_database: str) -> None:
    await asyncio.gather(*(upgrade(empty_database) for _ in range(3)))
    assert await on(empty_database, differences) == []
