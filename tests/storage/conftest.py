import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from runtime.database import create_engine, session_factory
from runtime.embedded.temporary_postgres import TemporaryPostgres
from runtime.settings import Settings
from storage.migrate import upgrade


@pytest.fixture(scope="session")
def database_template(postgres_server: TemporaryPostgres) -> str:
    asyncio.run(upgrade(postgres_server.create_database("storage_template", template="template1")))
    return "storage_template"


@pytest.fixture
async def sessions(database_url: str) -> AsyncIterator[async_sessionmaker[AsyncSession]]:
    engine = create_engine(Settings.model_validate({"DATABASE_URL": database_url}))
    yield session_factory(engine)
    await engine.dispose()
