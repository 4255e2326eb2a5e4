"""One simulator for all tests, brought back to its first moment before each, and the official SDK to talk to it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any
from uuid import uuid4

import httpx
import pytest
from retell import AsyncRetell
from retell.types import PhoneCallResponse

from simulator.rehearsal import Stage, rehearsal
from simulator.settings import Settings
from tests.patience import PATIENCE_SECONDS

API_KEY = "key_of_tests"
CALLER_ID = "+12125550100"
QUICK: dict[str, Any] = {
    "ring_seconds": 0.01,
    "talk_seconds": 0.03,
    "analysis_seconds": 0.01,
    "webhook_retry_seconds": 0.01,
    "concurrency_limit": 1000,
}

Decoded = Any
Dial = Callable[..., Awaitable[PhoneCallResponse]]
Control = Callable[..., Awaitable[Any]]
Pin = Callable[..., Awaitable[None]]


@pytest.fixture(scope="session")
async def shared_stage() -> AsyncIterator[Stage]:
    async with rehearsal(Settings(**QUICK), API_KEY) as stage:
        yield stage


@pytest.fixture
async def stage(shared_stage: Stage) -> Stage:
    """The simulator as it was when it started."""
    await shared_stage.simulator.reset()
    home = f"/{uuid4().hex}"
    shared_stage.inbox.clear(home)
    stage = replace(shared_stage, hook_url=shared_stage.hook_url + home)
    stage.settings.apply({**Settings().model_dump(), **QUICK, "webhook_url": f"{stage.hook_url}/account"})
    return stage


@pytest.fixture(scope="session")
async def shared_retell(shared_stage: Stage) -> AsyncIterator[AsyncRetell]:
    async with AsyncRetell(
        api_key=API_KEY, base_url=shared_stage.url, max_retries=0, timeout=PATIENCE_SECONDS
    ) as client:
        yield client


@pytest.fixture
def retell(stage: Stage, shared_retell: AsyncRetell) -> AsyncRetell:
    return shared_retell


@pytest.fixture(scope="session")
async def shared_control(shared_stage: Stage) -> AsyncIterator[Control]:
    async with httpx.AsyncClient(base_url=f"{shared_stage.url}/control", trust_env=False) as client:

        async def ask(method: str, path: str, body: object = None) -> Decoded:
            answer = await client.request(method, path, json=body)
            answer.raise_for_status()
            return answer.json()

        yield ask


@pytest.fixture
def control(stage: Stage, shared_control: Control) -> Control:
    """``await control("POST", "/faults", {...})`` gives the decoded answer."""
    return shared_control


@pytest.fixture
def pin(control: Control) -> Pin:
    """Fix what happens to a number: ``await pin("+1…", "busy", "answer")``."""

    async def fix(to_number: str, *calls: object) -> None:
        await control("POST", "/scenarios", {"to_number": to_number, "calls": list(calls)})

    return fix


@pytest.fixture
def dial(retell: AsyncRetell) -> Dial:
    async def call(to_number: str = "+13125550142", more: dict[str, Any] | None = None) -> PhoneCallResponse:
        return await retell.call.create_phone_call(from_number=CALLER_ID, to_number=to_number, **(more or {}))

    return call
