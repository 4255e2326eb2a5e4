"""Calls that are live and stay so: they came in as leads and were dialled, and only the generator reports them."""

import asyncio
import time
from dataclasses import dataclass, replace
from typing import Self

import asyncpg  # type: ignore[import-untyped]  # it ships no types

from benchmarks.errors import BenchmarkFailed
from benchmarks.lives import system
from benchmarks.lives.system import LOOK_SECONDS, PATIENCE_SECONDS, System
from benchmarks.webhook.scale import KEPT_A_CALL
from commands.demo.client import Json

# Longer than a run: no call ends by itself, and none is missed and looked up.
TALK_SECONDS = 3_600
LONGEST_CALL_SECONDS = 7_200

# What the last dials leave to do is over before anything is measured.
QUIET_SECONDS = 2.0

SIMULATOR: Json = {"ring_seconds": 0.1, "talk_seconds": TALK_SECONDS, "webhook_retries": 0}
LOST: Json = {"operation": "webhook", "effect": "lost"}
POOL: Json = {**system.POOL, "name": "Webhooks", "max_live_calls": 10_000}
CAMPAIGN: Json = {**system.CAMPAIGN, "max_call_seconds": LONGEST_CALL_SECONDS}


@dataclass(frozen=True, slots=True)
class LiveCalls:
    """``calls``: as the simulator's log has them."""

    campaign_id: str
    calls: list[Json]


@dataclass(frozen=True, slots=True)
class Exchange:
    """Where calls come from, and what the database says of them."""

    system: System
    database: asyncpg.Connection

    @classmethod
    async def opened(cls, system: System, database: asyncpg.Connection) -> Self:
        """Have the simulator's calls go on for an hour without a word, and room for all of them."""
        simulator = system.plan.simulator_url
        (await system.http.post(f"{simulator}/control/settings", json=SIMULATOR)).raise_for_status()
        (await system.http.post(f"{simulator}/control/faults", json=LOST)).raise_for_status()
        pool = await system.api.post("/api/v1/number-pools", POOL)
        return cls(replace(system, pool_id=str(pool["id"])), database)

    async def dialled(self, name: str, count: int) -> LiveCalls:
        """Bring so many leads in and wait until all of them are on the phone.

        Raises:
            BenchmarkFailed: A lead was refused or not called.
        """
        wanted = {**CAMPAIGN, "name": name, "number_pool_id": self.system.pool_id}
        campaign_id = str((await self.system.api.post("/api/v1/campaigns", wanted))["id"])
        await self.system.api.post(f"/api/v1/campaigns/{campaign_id}/launch")
        await self.system.bring_in([{**lead, "campaign_id": campaign_id} for lead in self.system.take(count)])
        deadline = time.monotonic() + PATIENCE_SECONDS + count
        while len(live := await self._live(campaign_id)) < count:
            if time.monotonic() > deadline:
                raise BenchmarkFailed(
                    f"{len(live)} of {count} leads are on the phone after {PATIENCE_SECONDS + count} s."
                )
            await asyncio.sleep(LOOK_SECONDS)
        await asyncio.sleep(QUIET_SECONDS)
        return LiveCalls(campaign_id, live)

    async def kept(self, live: LiveCalls) -> int:
        """How many webhooks of these calls stand in the database, once all has come of them that should.

        No call has ended but for what the generator said, so what is known of it came through its webhooks.

        Raises:
            BenchmarkFailed: A webhook that was answered is missing, or nothing came of it.
        """
        count = len(live.calls)
        call_ids = [call["call_id"] for call in live.calls]
        query = "select count(*) from webhook_events where call_id = any($1::text[])"
        found = int(await self.database.fetchval(query, call_ids))
        if found != KEPT_A_CALL * count:
            raise BenchmarkFailed(f"{KEPT_A_CALL * count} webhooks should be kept, and {found} are.")
        await self.system.all_reached(live.campaign_id, count)
        await self.system.last_end(live.campaign_id, count)
        told = await self.system.api.everything("/api/v1/calls", campaign_id=live.campaign_id, status="done")
        whole = [call for call in told if call["ended_at"] and call["transcript"] and call["analysis"]]
        if {call["call_id"] for call in whole} != set(call_ids):
            raise BenchmarkFailed(f"{len(whole)} of {count} calls have their end, their transcript and their analysis.")
        return found

    async def _live(self, campaign_id: str) -> list[Json]:
        answer = await self.system.http.get(f"{self.system.plan.simulator_url}/control/calls")
        answer.raise_for_status()
        return [call for call in answer.json() if _is_live(call, campaign_id)]


def _is_live(call: Json, campaign_id: str) -> bool:
    return bool(call["started_ms"]) and (call["metadata"] or {}).get("campaign_id") == campaign_id
