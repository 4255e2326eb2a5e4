"""``./leadline bench queries`` from its start to its report."""

import random
import time
from collections.abc import Mapping, Sequence
from uuid import UUID

import asyncpg  # type: ignore[import-untyped]  # it ships no types
import httpx

from benchmarks.asked import Asked
from benchmarks.connection import Connection
from benchmarks.errors import BenchmarkFailed
from benchmarks.lives.system import CAMPAIGN, System
from benchmarks.own_stack import http_to_api, run_on_own_stack
from benchmarks.queries.findings import Findings, report
from benchmarks.queries.scale import Scale, chosen
from benchmarks.queries.seed import seed
from benchmarks.report import Report
from benchmarks.spread import Spread
from runtime.embedded.part import Say
from runtime.embedded.plan import Plan

CAMPAIGNS = 20
WARMING_UP = 5
SEED = 1

# Of names and numbers that were made up (benchmarks/queries/seed.py), and one that nobody has.
PARTS = ("ada 4711", "0012345", "nobody")

_SOME_LEADS = "select id::text from leads where organization_id = $1 order by id limit $2"


async def measure_queries(asked: Asked, say: Say) -> Report | None:
    """Fill a system and ask it; None when a signal came first.

    Raises:
        BenchmarkFailed: A question was refused, or what is counted wasn't.
        StackError: The system did not start.
        DemoFailed: The API refused something or stayed away.
    """
    scale = chosen(asked)

    async def work(plan: Plan) -> Report:
        async with http_to_api(plan) as http:
            return report(await _measure(await System.prepared(plan, http, calls=1), scale, say))

    return await run_on_own_stack(work, say=say)


async def _measure(system: System, scale: Scale, say: Say) -> Findings:
    campaigns = [await _draft(system, f"Campaign {place:02}") for place in range(CAMPAIGNS)]
    organization_id = UUID((await system.api.get("/api/v1/organizations/current"))["id"])
    began = time.monotonic()
    await seed(system.plan.database_url, organization_id, campaigns, scale.leads, say)
    filled_seconds = time.monotonic() - began
    floor = await _ask(system, {"alive": ["/healthz"]}, scale.rounds)
    questions = _questions(campaigns, await _leads(system.plan, organization_id, scale.rounds))
    say(f"{len(questions)} questions, {scale.rounds} times each")
    return Findings(scale.leads, filled_seconds, floor["alive"], await _ask(system, questions, scale.rounds))


async def _draft(system: System, name: str) -> UUID:
    body = {**CAMPAIGN, "name": name, "number_pool_id": system.pool_id, "budget": 100_000}
    return UUID((await system.api.post("/api/v1/campaigns", body))["id"])


async def _leads(plan: Plan, organization_id: UUID, count: int) -> Sequence[str]:
    database = await asyncpg.connect(plan.database_url)
    try:
        return [row["id"] for row in await database.fetch(_SOME_LEADS, organization_id, count)]
    finally:
        await database.close()


def _questions(campaigns: Sequence[UUID], leads: Sequence[str]) -> Mapping[str, Sequence[str]]:
    """Each with the addresses that ask it, in turn."""
    figures = ("summary", "by-agent", "by-source", "by-campaign", "by-hour", "cost")
    one = f"campaign_id={campaigns[0]}"
    return {
        "lead by id": [f"/api/v1/leads/{lead_id}" for lead_id in leads],
        "page of leads": ["/api/v1/leads?limit=50", f"/api/v1/leads?limit=50&{one}"],
        "page of calls": ["/api/v1/calls?limit=50", f"/api/v1/calls?limit=50&{one}"],
        "calls going on": ["/api/v1/calls?status=in_progress", f"/api/v1/calls?status=in_progress&{one}"],
        "search": [f"/api/v1/leads?q={part}" for part in PARTS],
        **{name: [f"/api/v1/analytics/{name}", f"/api/v1/analytics/{name}?{one}"] for name in figures},
        "cost in a zone": ["/api/v1/analytics/cost?time_zone=America/Chicago"],
    }


async def _ask(system: System, questions: Mapping[str, Sequence[str]], rounds: int) -> Mapping[str, Spread]:
    """One question at a time, in mixed order, so that each meets the machine in all its moods."""
    order = [name for name in questions for _ in range(rounds)]
    random.Random(SEED).shuffle(order)  # noqa: S311 - an order, and no secret
    seconds: dict[str, list[float]] = {name: [] for name in questions}
    connection = await _connected(system)
    for name in [*list(questions) * WARMING_UP, *order]:
        addresses = questions[name]
        request = _request(system, addresses[len(seconds[name]) % len(addresses)])
        began = time.perf_counter()
        answer = await connection.ask(request)
        seconds[name].append(answer.at - began)
        if answer.status != httpx.codes.OK:
            raise BenchmarkFailed(f"{name} was refused: {answer.status}")
    connection.close()
    return {name: Spread.of(measured[WARMING_UP:]) for name, measured in seconds.items()}


async def _connected(system: System) -> Connection:
    url = httpx.URL(system.plan.api_url)
    return await Connection.to(url.host, url.port or 80)


def _request(system: System, address: str) -> bytes:
    token = system.http.headers["Authorization"]
    return f"GET {httpx.URL(address).raw_path.decode()} HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\n\r\n".encode()
