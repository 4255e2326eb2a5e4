import asyncio
from collections.abc import AsyncIterator

import asyncpg  # type: ignore[import-untyped]
import pytest
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from runtime.database import session_factory
from runtime.embedded.temporary_postgres import TemporaryPostgres
from storage.migrate import upgrade
from storage.room import CHANNEL
from tests.migrated_database import patient_engine


@pytest.fixture(scope="session")
def database_template(postgres_server: TemporaryPostgres) -> str:
    asyncio.run(upgrade(postgres_server.create_database("storage_template", template="template1")))
    return "storage_template"


@pytest.fixture
async def sessions(database_url: str) -> AsyncIterator[async_sessionmaker[AsyncSession]]:
    engine = patient_engine(database_url)
    yield session_factory(engine)
    await engine.dispose()


@pytest.fixture
def channel() -> str:
    """Free slots are spoken of here; tests that listen elsewhere have a fixture of this name."""
    return CHANNEL


@pytest.fixture
async def heard(database_url: str, channel: str) -> AsyncIterator[asyncio.Queue[str]]:
    """What is said on the channel, in the order in which it is heard."""
    words: asyncio.Queue[str] = asyncio.Queue()
    connection = await asyncpg.connect(database_url)
    await connection.add_listener(channel, lambda _connection, _pid, _channel, payload: words.put_nowait(payload))
    yield words
    await connection.close()
