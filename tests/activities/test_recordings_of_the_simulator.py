"""Recordings fetched over real connections from a provider that is another process, and breaks on purpose."""

import asyncio
import resource
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from prometheus_client import CollectorRegistry
from temporalio.testing import ActivityEnvironment

from activities.account_clients import AccountClients
from activities.keeping_recordings import KeepRecordings, Shift
from activities.recordings_at_work import recording_keeper
from domain.calls import CallFacts
from storage.models import AttemptRow
from storage.recording_store import RecordingStore
from telephony.http import provider_http_client
from telephony.outside_http import outside_http_client
from telephony.provider import VoiceProvider
from telephony.requests import CallRequest, build_call_body
from telephony.retell_client import RetellProvider
from tests.activities.stage import Clock
from tests.builders import Sessions, World, add_attempt_of, add_lead, reread
from tests.patience import PATIENCE_SECONDS
from tests.telephony.conftest import API_KEY, control, provider, simulator

__all__ = ["control", "provider", "simulator"]

STATM = Path("/proc/self/statm")
MEBIBYTE = 1024 * 1024
HUGE_BYTES = 200 * MEBIBYTE
MOST_GROWTH_BYTES = 64 * MEBIBYTE

Recorded = Callable[[], Awaitable[AttemptRow]]


@pytest.fixture
def clock() -> Clock:
    return Clock(datetime.now(UTC))


@pytest.fixture
async def keeper(sessions: Sessions, simulator: str, clock: Clock, tmp_path: Path) -> AsyncIterator[KeepRecordings]:
    store, origins = RecordingStore((tmp_path / "recordings").as_uri()), {"simulator": simulator}
    async with outside_http_client() as followed, provider_http_client() as asked:
        providers = AccountClients[VoiceProvider]({"simulator": RetellProvider(API_KEY, simulator, asked)})
        yield recording_keeper(
            sessions, store, providers, origins, followed, CollectorRegistry(), clock, shift=timedelta(0)
        )


@pytest.fixture
def recorded(sessions: Sessions, world: World, provider: RetellProvider) -> Recorded:
    """Makes a call to its end and gives its attempt, which knows the link that the provider gave."""

    async def make() -> AttemptRow:
        call = CallRequest(
            attempt_id=uuid4(),
            lead_id=uuid4(),
            from_number="+12125550100",
            to_number="+13125550142",
            webhook_url="http://127.0.0.1:9/",
            max_duration=timedelta(seconds=300),
            dynamic_variables={},
        )
        placed = await provider.place(build_call_body(call))
        facts = await ended(provider, placed.call_id)
        lead = await add_lead(sessions, world)
        over = {"outcome": "answered", "counts": True, "slot_released_at": facts.ended_at, "ended_at": facts.ended_at}
        link = {"call_id": facts.call_id, "recording_url": facts.recording_url}
        return await add_attempt_of(sessions, world, lead, "done", **over, **link)

    return make


async def ended(provider: RetellProvider, call_id: str) -> CallFacts:
    async with asyncio.timeout(PATIENCE_SECONDS):
        # Polled, because the facts lie in another process.
        while (facts := await provider.get(call_id)) is None or not facts.ended:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    return facts


async def work(keeper: KeepRecordings) -> Shift:
    return await ActivityEnvironment().run(keeper.keep_recordings)


async def test_a_call_of_the_simulator_can_be_heard(
    keeper: KeepRecordings, recorded: Recorded, sessions: Sessions
) -> None:
    row = await recorded()
    assert await work(keeper) == Shift(kept=1)
    kept = await reread(sessions, row)
    assert (kept.recording_type, kept.recording_bytes) == ("audio/wav", 16_044)


async def test_a_link_that_died_before_anybody_came_is_replaced(
    keeper: KeepRecordings, recorded: Recorded, control: httpx.AsyncClient
) -> None:
    await control.post("/settings", json={"recording_link_seconds": 0})
    await recorded()
    await control.post("/settings", json={"recording_link_seconds": None})
    assert await work(keeper) == Shift(kept=1)


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        pytest.param({"effect": "error", "status": 404}, "link_dead", id="404"),
        pytest.param({"effect": "error", "status": 503}, "unreachable", id="503"),
        pytest.param({"effect": "drop"}, "unreachable", id="cut"),
    ],
)
async def test_what_fails_is_tried_again(
    keeper: KeepRecordings,
    recorded: Recorded,
    control: httpx.AsyncClient,
    sessions: Sessions,
    clock: Clock,
    fault: dict[str, object],
    problem: str,
) -> None:
    await control.post("/faults", json={"operation": "recordings", "next": 1} | fault)
    row = await recorded()
    assert await work(keeper) == Shift(failed=1)
    assert (await reread(sessions, row)).recording_problem == problem
    clock.forward(minutes=1)
    assert await work(keeper) == Shift(kept=1)


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        pytest.param({"effect": "redirect", "location": "http://127.0.0.1:9/"}, "link_forbidden", id="elsewhere"),
        pytest.param({"effect": "redirect", "location": "https://127.0.0.1:9/"}, "link_forbidden", id="this-machine"),
        pytest.param({"effect": "huge", "size_bytes": 10**12}, "too_large", id="a-terabyte"),
    ],
)
async def test_what_is_no_recording_of_a_call_is_given_up(
    keeper: KeepRecordings,
    recorded: Recorded,
    control: httpx.AsyncClient,
    sessions: Sessions,
    fault: dict[str, object],
    problem: str,
) -> None:
    await control.post("/faults", json={"operation": "recordings"} | fault)
    row = await recorded()
    assert await work(keeper) == Shift(given_up=1)
    assert (await reread(sessions, row)).recording_problem == problem


def resident_bytes() -> int:
    return int(STATM.read_text().split()[1]) * resource.getpagesize()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process how much memory it holds just now")
async def test_a_recording_of_200_megabytes_is_kept_in_a_few_of_memory(
    keeper: KeepRecordings, recorded: Recorded, control: httpx.AsyncClient, sessions: Sessions
) -> None:
    row = await recorded()
    await work(keeper)  # what is loaded once for all recordings isn't this one's
    await control.post("/faults", json={"operation": "recordings", "effect": "huge", "size_bytes": HUGE_BYTES})
    async with sessions.begin() as session:
        again = await session.get_one(AttemptRow, row.id)
        again.recording_fetched_at = None
    before = peak = resident_bytes()
    working = asyncio.create_task(work(keeper))
    while not working.done():
        await asyncio.wait({working}, timeout=0.01)
        peak = max(peak, resident_bytes())
    assert await working == Shift(kept=1)
    assert (await reread(sessions, row)).recording_bytes == HUGE_BYTES
    assert peak - before < MOST_GROWTH_BYTES
