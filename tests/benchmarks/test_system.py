"""What a benchmark insists on before it calls something measured."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest

from benchmarks.errors import BenchmarkFailed
from benchmarks.lives.lateness import measure_lateness
from benchmarks.lives.system import System, Webhooks, made_up_leads
from benchmarks.lives.whole_round import whole_seconds
from commands.demo.client import Client
from runtime.embedded.home import Home
from runtime.embedded.plan import Plan
from runtime.embedded.ports import free_port
from runtime.settings import Settings
from runtime.temporal_client import connect

Answer = Callable[[httpx.Request], httpx.Response]

FICTION = re.compile(r"\+1[2-9]\d\d55501\d\d")
CREATED = "2026-03-02T10:00:00.500000Z"


async def system(folder: Path, answer: Answer) -> System:
    """Where nothing runs but what ``answer`` says; the engine is never asked."""
    plan = Plan(
        home=Home(folder),
        settings=Settings(),
        cluster=None,
        postgres_port=0,
        temporal=None,
        api_port=1,
        worker_port=2,
        simulator_port=3,
        admin_password="password",
        password_is_new=False,
    )
    http = httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url=plan.api_url)
    away = Settings(temporal_environment={"TEMPORAL_ADDRESS": f"127.0.0.1:{free_port()}"})
    engine = await connect(away, lazy=True)
    return System(plan, http, Client(http, pause_seconds=0.0), engine, "pool", iter(made_up_leads(50)))


def page(*items: dict[str, Any]) -> httpx.Response:
    return httpx.Response(200, json={"items": items, "next_cursor": None})


def test_the_leads_are_made_up_and_nobody_is_there_twice() -> None:
    numbers = [lead["phone_number"] for lead in made_up_leads(2_000)]
    assert len(set(numbers)) == 2_000
    assert all(FICTION.fullmatch(number) for number in numbers)


async def test_a_lead_that_was_not_reached_is_no_life(tmp_path: Path) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return page({"id": "1"}) if request.url.params.get("outcome") == "reached" else page()

    measured = await system(tmp_path, answer)
    await measured.all_reached("c", 1)
    with pytest.raises(BenchmarkFailed, match="1 of 2 leads were reached"):
        await measured.all_reached("c", 2)


async def test_a_refused_lead_ends_the_measurement(tmp_path: Path) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/batch"):
            problem = {"detail": "phone_number: There is no phone number here."}
            return httpx.Response(200, json={"items": [{"index": 0, "lead": None, "problem": problem}]})
        return httpx.Response(201, json={"id": "c"})

    with pytest.raises(BenchmarkFailed, match="1 leads were refused: phone_number"):
        await whole_seconds(await system(tmp_path, answer), "Lives 1", 1)


async def test_lateness_goes_from_the_row_of_a_lead_to_the_request_for_its_own_call(tmp_path: Path) -> None:
    leads = made_up_leads(2)
    late_ms = {leads[0]["phone_number"]: 40, leads[1]["phone_number"]: 70}
    created_ms = int(datetime.fromisoformat(CREATED).timestamp() * 1000)
    numbers = count()

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/control/calls":
            calls = [{"to_number": number, "accepted_ms": created_ms + ms} for number, ms in late_ms.items()]
            return httpx.Response(200, json=calls[::-1])
        if request.method == "GET":
            return page({"id": "1"}, {"id": "2"}) if "outcome" in request.url.params else page()
        if request.url.path == "/api/v1/leads":
            number = leads[next(numbers)]["phone_number"]
            return httpx.Response(201, json={"phone_number": number, "created_at": CREATED})
        return httpx.Response(201, json={"id": "c"})

    lateness = await measure_lateness(await system(tmp_path, answer), 2)
    assert lateness.from_row == pytest.approx([0.04, 0.07])
    assert all(seconds < 0 for seconds in lateness.from_post)  # those calls were made long before these posts


async def test_webhooks_are_counted_by_the_simulator(tmp_path: Path) -> None:
    counts = {"accepted": 7, "accepted call_ended": 1, "retried": 2}
    measured = await system(tmp_path, lambda _: httpx.Response(200, json={"webhooks": counts}))
    assert await measured.webhooks() == Webhooks(taken=7, sent_again=2)


async def test_arrivals_are_asked_for_since_an_instant(tmp_path: Path) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.params["since_ms"] == "1500"
        return httpx.Response(200, json=[{"to_number": "+12125550100", "accepted_ms": 2_250}])

    arrivals = await (await system(tmp_path, answer)).arrivals(since=datetime.fromtimestamp(1.5, UTC))
    assert arrivals == {"+12125550100": datetime.fromtimestamp(2.25, UTC)}
