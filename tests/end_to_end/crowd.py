"""Leads to be called, without end, through the API and the simulator of a running stack."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx

from commands.demo.client import Client
from domain.area_codes import REGIONS_BY_AREA_CODE
from runtime.embedded.plan import Plan
from tests.end_to_end.books import Books, open_books
from tests.end_to_end.witness import Call, Evidence, Rules

Json = dict[str, Any]

LINES = 100  # of each area code, 555-0100 to 555-0199 are reserved for fiction
REQUEST_SECONDS = 60.0
LOOK_SECONDS = 0.25
MAX_LIVE_CALLS = 20
TRIES = 4
PAUSE_SECONDS = 1
RULES = Rules(most_attempts=TRIES, pause_ms=PAUSE_SECONDS * 1000, most_live=MAX_LIVE_CALLS)

POOL: Json = {
    "name": "Crowd",
    "from_numbers": ["+12125550190", "+13125550191"],
    "max_live_calls": MAX_LIVE_CALLS,
    "max_calls_per_second": 50,
}
EVERY_DAY = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
TRIED_AGAIN = ("no_answer", "busy", "voicemail", "failed", "declined", "unknown", "callback_requested")
CAMPAIGN: Json = {
    "name": "Crowd",
    "windows": [{"days": EVERY_DAY, "opens": "00:00", "closes": "24:00"}],
    "calling_rules": "off",
    "max_attempts": TRIES,
    "max_call_seconds": 60,
    "retry_delays": {outcome: [PAUSE_SECONDS] for outcome in TRIED_AGAIN},
}
# Room for twice the calls that may be live, so that one too many shows instead of being refused.
SIMULATOR: Json = {"concurrency_limit": 2 * MAX_LIVE_CALLS, "callback_after_seconds": 5}


class Crowd:
    """One campaign of one stack, and the leads that were given to it. ``books`` is its database."""

    def __init__(self, plan: Plan, api: httpx.AsyncClient, simulator: httpx.AsyncClient, books: Books) -> None:
        self._http = api
        self._api = Client(api)
        self._simulator = simulator
        self._numbers = numbers()
        self._campaign_id = ""
        self.plan = plan
        self.books = books

    async def gather(self, campaign: Json, *, launched: bool = True) -> None:
        """Sign in, make the pool and the campaign, and tell the simulator its limits."""
        await self._simulator.post("/control/settings", json=SIMULATOR)
        await self._api.sign_in(self.plan.settings.admin_email, self.plan.admin_password)
        pool = await self._api.post("/api/v1/number-pools", POOL)
        made = await self._api.post("/api/v1/campaigns", {**campaign, "number_pool_id": pool["id"]})
        self._campaign_id = str(made["id"])
        if launched:
            await self._api.post(f"/api/v1/campaigns/{self._campaign_id}/launch")

    async def break_simulator(self, faults: Sequence[Json]) -> None:
        (await self._simulator.post("/control/faults", json=list(faults))).raise_for_status()

    def bodies(self, count: int) -> list[Json]:
        """So many leads with numbers that nobody had before."""
        return [{**next(self._numbers), "campaign_id": self._campaign_id} for _ in range(count)]

    async def top_up(self, wanted: int) -> None:
        """Post leads until so many are not done."""
        missing = wanted - len(await self.books.open_leads())
        if missing > 0:
            await self._api.post("/api/v1/leads/batch", {"leads": self.bodies(missing)})

    async def post_once(self, path: str, body: Json) -> httpx.Response:
        """Post to the API without a second try.

        Raises:
            httpx.TransportError: It is down, or died before it answered.
        """
        return await self._http.post(f"/api/v1{path}", json=body)

    async def hanging(self, within_seconds: float) -> list[str]:
        """Wait for every lead; a sentence for each that isn't done by then."""
        deadline = time.monotonic() + within_seconds
        while left := await self.books.open_leads():
            if time.monotonic() > deadline:
                return [f"lead {lead.lead_id} hangs: {lead.status}, waiting for {lead.waiting_for}" for lead in left]
            await asyncio.sleep(LOOK_SECONDS)
        return []

    async def calls(self, since_ms: int = 0) -> list[Call]:
        """Every call that the simulator accepted, in this order."""
        found: list[Call] = (await self._simulator.get("/control/calls", params={"since_ms": since_ms})).json()
        return found

    async def evidence(self) -> Evidence:
        stats = (await self._simulator.get("/control/stats")).json()
        return Evidence(await self.calls(), await self.books.attempts(), stats["peak_live"], stats["faults"])


@asynccontextmanager
async def crowd_of(plan: Plan) -> AsyncIterator[Crowd]:
    """The stack has to have a simulator, and its API to run by the time that ``gather`` is called."""
    async with (
        httpx.AsyncClient(base_url=plan.api_url, timeout=REQUEST_SECONDS, trust_env=False) as api,
        httpx.AsyncClient(base_url=plan.simulator_url or "", timeout=REQUEST_SECONDS, trust_env=False) as simulator,
        open_books(plan) as books,
    ):
        yield Crowd(plan, api, simulator, books)


def numbers() -> Iterator[Json]:
    """Numbers reserved for fiction, with their region, the area codes in turn."""
    regions = {code: found[0] for code, found in REGIONS_BY_AREA_CODE.items() if len(found) == 1}
    of_one_state = {code: region for code, region in regions.items() if region.startswith("US-")}
    for line in range(LINES):
        for code, region in of_one_state.items():
            yield {"phone_number": f"+1{code}55501{line:02}", "region": region}
