"""The worker as a whole, from its start: what it does at once, and what it tells of itself over HTTP."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from temporalio.client import Client

from runtime.embedded.ports import free_port
from runtime.settings import Settings
from simulator.rehearsal import rehearsal
from simulator.settings import Settings as SimulatorSettings
from storage.models import LeadRow
from tests.builders import Sessions, World, add_lead, change, reread
from tests.patience import PATIENCE_SECONDS
from tests.workflows.real_life import real_server
from worker import work
from workflows.schedules import RECONCILE_EVERY, RECONCILIATION_ID

API_KEY = "key_of_tests"


class Process:
    """A worker that runs; ``metrics`` are its own, by name and labels as they stand on the page."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def metrics(self) -> Mapping[str, float]:
        async with httpx.AsyncClient(trust_env=False) as http:
            page = (await http.get(f"http://127.0.0.1:{self._port}/metrics")).text
        lines = [line.rsplit(" ", 1) for line in page.splitlines() if line and not line.startswith("#")]
        return {name: float(value) for name, value in lines}


@asynccontextmanager
async def running_worker(settings: Settings) -> AsyncIterator[Process]:
    stop = asyncio.Event()
    working = asyncio.create_task(work(settings, stop))
    try:
        assert settings.worker_port is not None
        yield Process(settings.worker_port)
    finally:
        stop.set()
        await working


@pytest.fixture
async def settings(database_url: str) -> AsyncIterator[Settings]:
    """An engine of its own, and a provider that allows nine calls."""
    port = free_port()
    async with real_server(port), rehearsal(SimulatorSettings(concurrency_limit=9), API_KEY) as simulator:
        yield Settings.model_validate(
            {
                "DATABASE_URL": database_url,
                "LEADLINE_WORKER_PORT": free_port(),
                "LEADLINE_SIMULATOR_URL": simulator.url,
                "LEADLINE_SIMULATOR_KEY": API_KEY,
                "temporal_environment": {"TEMPORAL_ADDRESS": f"127.0.0.1:{port}"},
            }
        )


async def within(seconds: float, holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(seconds):
        while not await holds():  # noqa: ASYNC110  (what is waited for happens in another process)
            await asyncio.sleep(0.05)


async def left_behind(sessions: Sessions, world: World, number: str) -> LeadRow:
    before = datetime.now(UTC) - timedelta(hours=1)
    return await add_lead(sessions, world, number, due_at=None, handed_over_at=None, created_at=before)


async def test_a_worker_that_starts_reads_the_providers_limits_heals_at_once_and_tells_what_it_found(
    sessions: Sessions, world: World, settings: Settings
) -> None:
    await change(sessions, world.pool, parked_at=datetime.now(UTC))

    async def limits_are_read() -> bool:
        return (await reread(sessions, world.account)).provider_limit == 9

    first = await left_behind(sessions, world, "+13125550101")
    async with running_worker(settings) as process:
        await within(PATIENCE_SECONDS, limits_are_read)
        await within(PATIENCE_SECONDS, lambda: is_handed_over(sessions, first))
        await within(PATIENCE_SECONDS, lambda: has_healed(process))
        metrics = await process.metrics()
    assert metrics['leadline_reconciliation_findings_total{finding="workflows_started"}'] == 1
    assert metrics['leadline_reconciliation_findings_total{finding="slots_leaked"}'] == 0
    assert metrics['leadline_parked{what="number_pool"}'] == 1
    assert metrics["leadline_live_calls"] == metrics["leadline_leads_to_hand_over"] == 0
    assert {"process_resident_memory_bytes", "leadline_provider_limits_read_timestamp_seconds"} <= metrics.keys()
    assert any(name.startswith("temporal_") for name in metrics)

    second = await left_behind(sessions, world, "+13125550102")
    async with running_worker(settings):
        await within(PATIENCE_SECONDS, lambda: is_handed_over(sessions, second))
    client = await Client.connect(settings.temporal_environment["TEMPORAL_ADDRESS"])
    assert await rounds_between_the_ticks(client) >= 2


async def is_handed_over(sessions: Sessions, lead: LeadRow) -> bool:
    return (await reread(sessions, lead)).handed_over_at is not None


async def has_healed(process: Process) -> bool:
    return (await process.metrics())['leadline_reconciliation_rounds_total{result="done"}'] > 0


async def rounds_between_the_ticks(client: Client) -> int:
    """Rounds that the schedule wasn't due to begin: somebody asked for them."""
    described = await client.get_schedule_handle(RECONCILIATION_ID).describe()
    begun = [action.scheduled_at.timestamp() for action in described.info.recent_actions]
    return sum(at % RECONCILE_EVERY.total_seconds() != 0 for at in begun)
