"""The real activities over a real PostgreSQL; the provider and the engine are replaced where the network begins."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg  # type: ignore[import-untyped]
import httpx
import pytest
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from storage.room import CHANNEL
from tests.activities.engine_edge import EngineEdge
from tests.activities.provider_edge import ProviderEdge
from tests.activities.stage import Clock, Stage
from tests.builders import NOON, Sessions, World, add_world
from tests.migrated_database import database_template, sessions

__all__ = ["database_template", "sessions"]


@pytest.fixture
async def world(sessions: Sessions) -> World:
    return await add_world(sessions)


@pytest.fixture
async def heard(database_url: str) -> AsyncIterator[asyncio.Queue[str]]:
    """The pools that are announced to have room."""
    words: asyncio.Queue[str] = asyncio.Queue()
    connection = await asyncpg.connect(database_url)
    await connection.add_listener(CHANNEL, lambda _connection, _pid, _channel, payload: words.put_nowait(payload))
    yield words
    await connection.close()


@pytest.fixture
def clock() -> Clock:
    return Clock(NOON)


@pytest.fixture
def provider() -> ProviderEdge:
    return ProviderEdge()


@pytest.fixture
def engine() -> EngineEdge:
    return EngineEdge()


@pytest.fixture
async def client(engine: EngineEdge) -> Client:
    return await Client.connect("127.0.0.1:1", lazy=True, interceptors=[engine], data_converter=pydantic_data_converter)


@pytest.fixture
async def stage(sessions: Sessions, clock: Clock, provider: ProviderEdge, client: Client) -> AsyncIterator[Stage]:
    async with httpx.AsyncClient(transport=httpx.MockTransport(provider)) as http:
        stage = Stage(sessions, clock, http, client)
        yield stage
        await stage.close()
