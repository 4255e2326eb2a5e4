"""The running system as a benchmark meets it: its API, its engine, and the simulator's side door."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Self

import httpx
from temporalio.client import Client as EngineClient

from benchmarks.errors import BenchmarkFailed
from benchmarks.lives.scale import ANALYSIS_SECONDS, LIVES_AT_ONCE, RING_SECONDS, TALK_SECONDS
from commands.demo.campaigns import EVERY_DAY
from commands.demo.client import Client, Json
from commands.demo.lead_file import LEADS_FILE, read_leads, take_leads
from runtime.embedded.plan import Plan
from runtime.temporal_client import connect_once

BATCH = 100
LOOK_SECONDS = 2.0
PATIENCE_SECONDS = 60.0  # and a second for each lead: even a machine that is busy otherwise ends so many
REFUSED_SECONDS = 240.0  # a system that drowns and refuses requests for minutes is a result, too

POOL: Json = {
    "name": "Bench",
    "from_numbers": ["+12125550190", "+13125550191", "+17135550192", "+14155550193"],
    "carrier": "custom",
    "max_live_calls": LIVES_AT_ONCE,
    "max_calls_per_second": 1_000,
}

CAMPAIGN: Json = {
    "windows": [{"days": EVERY_DAY, "opens": "00:00", "closes": "24:00"}],
    "calling_rules": "off",  # all numbers are reserved for fiction
    "max_attempts": 1,
    "max_call_seconds": 60,
}

# Everybody answers. The provider has room for a cron job that dials a minute's leads at once, too.
SIMULATOR: Json = {
    "mix": {"answer": 1},
    "ring_seconds": RING_SECONDS,
    "talk_seconds": TALK_SECONDS,
    "analysis_seconds": ANALYSIS_SECONDS,
    "concurrency_limit": 10_000,
}


@dataclass(frozen=True, slots=True)
class Webhooks:
    """``sent_again`` counts the tries that followed one which wasn't answered with success."""

    taken: int
    sent_again: int


@dataclass(frozen=True, slots=True)
class System:
    """``leads`` gives each lead out once, so that nobody is called twice in a run."""

    plan: Plan
    http: httpx.AsyncClient
    api: Client
    engine: EngineClient
    pool_id: str
    leads: Iterator[Json]

    @classmethod
    async def prepared(cls, plan: Plan, http: httpx.AsyncClient, *, calls: int) -> Self:
        """Sign in, make the pool, and have the simulator answer every call at once.

        Args:
            plan: Of a stack that is up.
            http: Leads to its API.
            calls: How many leads will be taken.
        """
        if plan.temporal is None:
            raise BenchmarkFailed("The embedded Temporal server is what is measured, and there is none.")
        api = Client(http, patience_seconds=REFUSED_SECONDS)
        await api.sign_in(plan.settings.admin_email, plan.admin_password)
        (await http.post(f"{plan.simulator_url}/control/settings", json=SIMULATOR)).raise_for_status()
        pool = await api.post("/api/v1/number-pools", POOL)
        engine = await connect_once(plan.temporal.client_settings())
        return cls(plan, http, api, engine, str(pool["id"]), iter(made_up_leads(calls)))

    async def talk_with(self, *, transcript_updates: int, recordings: bool) -> None:
        """Have all calls from now on send so many running transcripts, and be recorded or not."""
        change = {"transcript_updates": transcript_updates, "recordings": recordings}
        (await self.http.post(f"{self.plan.simulator_url}/control/settings", json=change)).raise_for_status()

    def take(self, count: int) -> list[Json]:
        """So many leads that nobody has been given yet."""
        return list(islice(self.leads, count))

    async def launched(self, name: str) -> str:
        """A campaign of this name that calls at any hour; its id."""
        campaign = await self.api.post("/api/v1/campaigns", {**CAMPAIGN, "name": name, "number_pool_id": self.pool_id})
        campaign_id = str(campaign["id"])
        await self.api.post(f"/api/v1/campaigns/{campaign_id}/launch")
        return campaign_id

    async def bring_in(self, leads: Sequence[Json]) -> None:
        """Post leads, a batch after the other.

        Raises:
            BenchmarkFailed: A lead was refused.
        """
        for start in range(0, len(leads), BATCH):
            answer = await self.api.post("/api/v1/leads/batch", {"leads": leads[start : start + BATCH]})
            refusals = [item["problem"] for item in answer["items"] if item["lead"] is None]
            if refusals:
                raise BenchmarkFailed(f"{len(refusals)} leads were refused: {refusals[0]['detail']}")

    async def all_reached(self, campaign_id: str, count: int) -> None:
        """Wait until all leads of a campaign are done, asking for no more than whether one is open.

        Raises:
            BenchmarkFailed: They are not, or somebody was not reached: what took place isn't what was to be measured.
        """
        deadline = time.monotonic() + PATIENCE_SECONDS + count
        while await self._some_open(campaign_id):
            if time.monotonic() > deadline:
                raise BenchmarkFailed(
                    f"The {count} leads of a campaign are not done after {PATIENCE_SECONDS + count} s."
                )
            await asyncio.sleep(LOOK_SECONDS)
        reached = await self.api.everything("/api/v1/leads", campaign_id=campaign_id, outcome="reached")
        if len(reached) != count:
            raise BenchmarkFailed(f"{len(reached)} of {count} leads were reached; all of them should have been.")

    async def last_end(self, campaign_id: str, count: int) -> datetime:
        """When the last workflow of a campaign whose leads are done ended, by the engine's clock.

        Raises:
            BenchmarkFailed: They did not all end.
        """
        query = f"LeadlineCampaign = '{campaign_id}' AND ExecutionStatus = 'Completed'"
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (await self.engine.count_workflows(query)).count < count:
            if time.monotonic() > deadline:
                raise BenchmarkFailed(f"Not all workflows of {count} leads that are done have ended.")
            await asyncio.sleep(LOOK_SECONDS)
        ends = [life.close_time async for life in self.engine.list_workflows(query)]
        return max(end for end in ends if end is not None)

    async def arrivals(self, since: datetime) -> dict[str, datetime]:
        """When the provider got the request to call each number, by the simulator's own log."""
        since_ms = int(since.timestamp() * 1000)
        answer = await self.http.get(f"{self.plan.simulator_url}/control/calls", params={"since_ms": since_ms})
        answer.raise_for_status()
        return {call["to_number"]: datetime.fromtimestamp(call["accepted_ms"] / 1000, UTC) for call in answer.json()}

    async def webhooks(self) -> Webhooks:
        """What became of all webhooks so far, by the simulator's own count."""
        answer = await self.http.get(f"{self.plan.simulator_url}/control/stats")
        answer.raise_for_status()
        counts = answer.json()["webhooks"]
        return Webhooks(taken=counts.get("accepted", 0), sent_again=counts.get("retried", 0))

    async def _some_open(self, campaign_id: str) -> bool:
        for status in ("new", "in_progress", "new"):  # a lead may go from one to the other in between, either way
            page = await self.api.get("/api/v1/leads", campaign_id=campaign_id, status=status, limit="1")
            if page["items"]:
                return True
        return False


def made_up_leads(count: int) -> Sequence[Json]:
    """Made-up people with a number each, written in E.164."""
    rows = read_leads(LEADS_FILE)
    return take_leads(rows, len(rows) + count)[len(rows) :]
