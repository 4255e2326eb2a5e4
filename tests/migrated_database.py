"""Fixtures: a database with all tables for each test, copied from one that was migrated once."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from runtime.database import create_engine, session_factory
from runtime.embedded.temporary_postgres import TemporaryPostgres
from runtime.settings import Settings
from storage.migrate import upgrade


@pytest.fixture(scope="session")
def database_template(postgres_server: TemporaryPostgres) -> str:
    name = f"migrated_{uuid4().hex}"
    asyncio.run(upgrade(postgres_server.create_database(name)))
    return name


@pytest.fixture
async def sessions(database_url: str) -> AsyncIterator[async_sessionmaker[AsyncSession]]:
    engine = create_engine(Settings.model_validate({"DATABASE_URL": database_url}))
    yield session_factory(engine)
    await engine.dispose()
