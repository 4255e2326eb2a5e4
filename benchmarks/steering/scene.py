"""The running system as this benchmark meets it: its API, its engine's figures, the simulator's log, its database."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

import asyncpg  # type: ignore[import-untyped]  # it ships no types
import httpx
from temporalio.client import Client as EngineClient

from benchmarks.errors import BenchmarkFailed
from benchmarks.lives import system
from benchmarks.steering.books import Books
from benchmarks.steering.scale import ANALYSIS_SECONDS, LIVE_CALLS, RING_SECONDS, TALK_SECONDS
from commands.demo.client import Client, Json
from runtime.embedded.plan import Plan
from runtime.embedded.temporal_server import TemporalServer
from runtime.temporal_client import connect_once

POOL: Json = {**system.POOL, "max_live_calls": LIVE_CALLS}

SIMULATOR: Json = {
    **system.SIMULATOR,
    "ring_seconds": RING_SECONDS,
    "talk_seconds": TALK_SECONDS,
    "analysis_seconds": ANALYSIS_SECONDS,
    "concurrency_limit": 1_000,
}

# One line for each place that counts requests; the frontend's has every request once.
SIGNALS = re.compile(
    r'^service_requests\{(?=.*operation="SignalWorkflowExecution")(?=.*service_name="frontend").*\} (\S+)$',
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Scene:
    plan: Plan
    http: httpx.AsyncClient
    api: Client
    engine: EngineClient
    server: TemporalServer
    books: Books
    pool_id: str

    @classmethod
    async def prepared(cls, plan: Plan, http: httpx.AsyncClient, database: asyncpg.Connection) -> Self:
        """Sign in, make the pool, and have the simulator answer every call.

        Args:
            plan: Of a stack that is up.
            http: Leads to its API.
            database: Leads to its database.
        """
        if plan.temporal is None:
            raise BenchmarkFailed("The embedded Temporal server is what is measured, and there is none.")
        api = Client(http, patience_seconds=system.REFUSED_SECONDS)
        await api.sign_in(plan.settings.admin_email, plan.admin_password)
        (await http.post(f"{plan.simulator_url}/control/settings", json=SIMULATOR)).raise_for_status()
        pool = await api.post("/api/v1/number-pools", POOL)
        engine = await connect_once(plan.temporal.client_settings())
        return cls(plan, http, api, engine, plan.temporal, Books(database), str(pool["id"]))

    async def arrivals(self, since: datetime) -> list[datetime]:
        """When the provider was asked for calls, by the simulator's own log, in order."""
        since_ms = int(since.timestamp() * 1000)
        answer = await self.http.get(f"{self.plan.simulator_url}/control/calls", params={"since_ms": since_ms})
        answer.raise_for_status()
        return sorted(datetime.fromtimestamp(call["accepted_ms"] / 1000, UTC) for call in answer.json())

    async def signals(self) -> int:
        """How many signals the engine was sent so far, by its own count."""
        answer = await self.http.get(f"http://127.0.0.1:{self.server.metrics_port}/metrics")
        answer.raise_for_status()
        return round(sum(float(count) for count in SIGNALS.findall(answer.text)))
