"""The real client over a network that a test makes up, or against the simulator."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from telephony.http import provider_http_client
from telephony.retell_client import RetellProvider
from tests.patience import PATIENCE_SECONDS

API_KEY = "key_of_tests"
ROOT = Path(__file__).parents[2]

Handler = Callable[[httpx.Request], httpx.Response]


@pytest.fixture
async def provider_over() -> AsyncIterator[Callable[[Handler], RetellProvider]]:
    """Makes a provider whose every request is answered by the handler given."""
    async with AsyncExitStack() as stack:

        def make(handler: Handler) -> RetellProvider:
            http = httpx.AsyncClient(transport=httpx.MockTransport(handler))
            stack.push_async_callback(http.aclose)
            return RetellProvider(API_KEY, "https://provider.example.com", http)

        yield make


@pytest.fixture(scope="module")
async def simulator() -> AsyncIterator[str]:
    """A simulator's address; quick calls, and everybody answers."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "simulator", "--port", "0"),
        *("--ring-seconds", "0.05", "--talk-seconds", "0.2", "--analysis-seconds", "0.05"),
        *("--mix", '{"answer": 1}'),
        cwd=ROOT,
        env=os.environ | {"SIMULATOR_API_KEY": API_KEY},
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        said = await asyncio.wait_for(process.stdout.readline(), PATIENCE_SECONDS)
        yield said.decode().split()[-1]
    finally:
        process.terminate()
        await process.wait()


@pytest.fixture
async def control(simulator: str) -> AsyncIterator[httpx.AsyncClient]:
    """Steers the simulator, which starts each test without calls, faults and pins."""
    async with httpx.AsyncClient(base_url=f"{simulator}/control") as client:
        (await client.post("/reset")).raise_for_status()
        await client.post("/settings", json={"concurrency_limit": 20})
        yield client


@pytest.fixture
async def provider(simulator: str, control: httpx.AsyncClient) -> AsyncIterator[RetellProvider]:
    async with provider_http_client() as http:
        yield RetellProvider(API_KEY, simulator, http)


@pytest.fixture
async def impatient_provider(simulator: str) -> AsyncIterator[RetellProvider]:
    """Gives up after a second."""
    async with provider_http_client() as http:
        yield RetellProvider(API_KEY, simulator, http, deadline=timedelta(seconds=1))
