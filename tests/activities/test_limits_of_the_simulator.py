"""The provider's limit over real HTTP: nothing is offered beyond it, and less when others call."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from temporalio.client import Client

from activities.account_clients import AccountClients
from activities.provider_limits import LimitsRead, ProviderLimits
from simulator.rehearsal import Stage as Rehearsal
from simulator.rehearsal import rehearsal
from simulator.settings import Settings
from storage.models import AttemptRow
from telephony.http import provider_http_client
from telephony.provider import VoiceProvider
from telephony.retell_client import RetellProvider
from tests.activities.stage import Clock, Stage
from tests.builders import Sessions, World, add_lead, change, reread

LEADS = 30
LONG_CALLS: dict[str, Any] = {"mix": {"answer": 1}, "ring_seconds": 60, "talk_seconds": 60}


class Line:
    """Our side of the line, steering the provider's by its control endpoints."""

    def __init__(self, stage: Stage, sessions: Sessions, world: World, clock: Clock, simulator: Rehearsal) -> None:
        self.stage = stage
        self._sessions = sessions
        self._world = world
        self._clock = clock
        self._simulator = simulator
        self._http = httpx.AsyncClient(base_url=simulator.url, trust_env=False)

    async def close(self) -> None:
        await self._http.aclose()

    async def set(self, **settings: object) -> None:
        (await self._http.post("/control/settings", json=settings)).raise_for_status()

    async def stats(self) -> dict[str, Any]:
        stats: dict[str, Any] = (await self._http.get("/control/stats")).json()
        return stats

    async def read_limits(self) -> None:
        self._clock.forward(minutes=1)
        assert await self.stage.limits.refresh() == LimitsRead()

    async def dial_all(self) -> int:
        """Hand on what is free, and place every call that was granted; how many were live then."""
        await self.stage.slots.hand_on(self._world.pool.id)
        self._clock.forward(seconds=1)
        for attempt in await self._attempts("granted"):
            await self.stage.place(attempt)
        return int((await self.stats())["live_now"])

    async def end_a_call(self) -> None:
        attempt = (await self._attempts("in_progress"))[0]
        key = {"Authorization": "Bearer key_of_tests"}
        (await self._http.post(f"/v2/stop-call/{attempt.call_id}", headers=key)).raise_for_status()
        await self.stage.look_up(attempt.id)

    async def _attempts(self, status: str) -> list[AttemptRow]:
        holds_a_slot = AttemptRow.slot_released_at.is_(None)
        async with self._sessions() as session:
            return list(await session.scalars(select(AttemptRow).where(AttemptRow.status == status, holds_a_slot)))


@pytest.fixture
async def simulator() -> AsyncIterator[Rehearsal]:
    async with rehearsal(Settings(**LONG_CALLS), "key_of_tests") as simulator:
        yield simulator


@pytest.fixture
async def line(
    sessions: Sessions, world: World, clock: Clock, client: Client, simulator: Rehearsal
) -> AsyncIterator[Line]:
    """A pool that would take thirty calls at once, and thirty leads that are due."""
    await change(sessions, world.pool, max_live_calls=LEADS, max_calls_per_second=1000.0)
    for place in range(LEADS):
        await add_lead(sessions, world, f"+131255501{place:02}")
    async with provider_http_client() as http:
        line = Line(Stage(sessions, clock, http, client, simulator.url), sessions, world, clock, simulator)
        yield line
        await line.close()


async def test_nothing_is_offered_beyond_the_limit_and_what_others_use(line: Line) -> None:
    await line.set(concurrency_limit=20, reserved_inbound_concurrency=4, live_elsewhere=7)
    await line.read_limits()
    assert await line.dial_all() == 13
    assert await line.dial_all() == 13
    stats = await line.stats()
    assert (stats["calls"]["accepted"], stats["calls"].get("refused", 0)) == (13, 0)


async def test_a_limit_below_what_is_live_lets_nobody_dial_until_enough_calls_have_ended(line: Line) -> None:
    await line.set(concurrency_limit=8)
    await line.read_limits()
    assert await line.dial_all() == 8
    await line.set(concurrency_limit=3)
    await line.read_limits()
    live = []
    for _ in range(7):
        await line.end_a_call()
        live.append(await line.dial_all())
    assert live == [7, 6, 5, 4, 3, 3, 3]
    assert (await line.stats())["calls"].get("refused", 0) == 0


async def test_a_limit_that_was_raised_is_used(line: Line) -> None:
    await line.set(concurrency_limit=2)
    await line.read_limits()
    assert await line.dial_all() == 2
    await line.set(concurrency_limit=6)
    await line.read_limits()
    assert await line.dial_all() == 6


async def test_a_provider_that_does_not_answer_is_not_waited_for(
    sessions: Sessions, world: World, clock: Clock, simulator: Rehearsal
) -> None:
    silence = {"operation": "get-concurrency", "effect": "silence", "moment": "before"}
    async with provider_http_client() as http:
        (await http.post(f"{simulator.url}/control/faults", json=silence)).raise_for_status()
        voice = RetellProvider("key_of_tests", simulator.url, http)
        providers = AccountClients[VoiceProvider]({"simulator": voice})
        limits = ProviderLimits(sessions, providers, clock, patience=timedelta(milliseconds=200))
        assert await limits.refresh() == LimitsRead(unread=1)
    assert (await reread(sessions, world.account)).limits_read_at is None
