"""Fixtures: a database with all tables for each test, copied from one that was migrated once."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from runtime.database import create_engine, session_factory
from runtime.embedded.temporary_postgres import TemporaryPostgres
from runtime.settings import Settings
from storage.migrate import upgrade
from tests.patience import PATIENCE_SECONDS


@pytest.fixture(scope="session")
def database_template(postgres_server: TemporaryPostgres) -> str:
    name = f"migrated_{uuid4().hex}"
    asyncio.run(upgrade(postgres_server.create_database(name)))
    return name


PATIENT: Mapping[str, str] = {f"{what}_timeout": f"{PATIENCE_SECONDS}s" for what in ("lock", "statement")}
"""What a busy machine needs; where the server's own limits are what a test is about it makes an engine of its own."""


def patient_engine(database_url: str) -> AsyncEngine:
    """As a process has it, but that nobody gives up on it while it is getting on."""
    settings = Settings.model_validate({"DATABASE_URL": database_url})
    return create_engine(settings, pool_wait=timedelta(seconds=PATIENCE_SECONDS), more_settings=PATIENT)


@pytest.fixture
async def sessions(database_url: str) -> AsyncIterator[async_sessionmaker[AsyncSession]]:
    engine = patient_engine(database_url)
    yield session_factory(engine)
    await engine.dispose()
