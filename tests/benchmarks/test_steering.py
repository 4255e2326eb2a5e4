"""How the figures of the steering stand beside their goals, and what counts as the right time."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest

from benchmarks.asked import Asked
from benchmarks.errors import BenchmarkFailed
from benchmarks.steering.crowd import NUMBERS, made_up_crowd
from benchmarks.steering.findings import Findings, report
from benchmarks.steering.scale import FULL, SHORT, Scale, chosen
from benchmarks.steering.scene import SIGNALS
from benchmarks.steering.steps import Begun, Ended
from benchmarks.steering.times import is_due, until_all_right, waits_for
from commands.demo.client import Client

FICTION = re.compile(r"\+1[2-9]\d\d55501\d\d")
THURSDAY = 3
RIGHT_AWAY = {"next_attempt_at": None, "time_zones": ["America/Chicago"]}

FOUND = Findings(
    leads=50_000,
    intake_seconds=900.0,
    reading_seconds=12.0,
    begun=[Begun("Launch", 0.02, 0.4)],
    ended=[Ended("Pause", 0.03, -0.1, 0)],
    narrowed_seconds=14.0,
    widened_seconds=13.0,
    calls=100,
    signals=410,
    rivals_leads=1_000,
    rival_seconds=20.0,
)


@pytest.mark.parametrize(
    ("changes", "met"),
    [
        pytest.param({}, [True, True, True, True, True], id="all-met"),
        pytest.param({"begun": [Begun("Launch", 0.02, 1.1)]}, [False, True, True, True, True], id="a-late-first-dial"),
        pytest.param({"ended": [Ended("Pause", 0.03, 0.2, 1)]}, [True, False, True, True, True], id="let-out-later"),
        pytest.param({"narrowed_seconds": 201.0}, [True, True, False, True, True], id="slow-to-narrow"),
        pytest.param({"widened_seconds": 201.0}, [True, True, True, False, True], id="slow-to-widen"),
        pytest.param({"signals": 901}, [True, True, True, True, False], id="signals-that-no-call-explains"),
    ],
)
def test_each_line_says_whether_its_goal_is_met(changes: dict[str, Any], met: list[bool]) -> None:
    assert [line.met for line in report(replace(FOUND, **changes)).lines] == met


def test_what_the_rival_would_take_for_everybody_is_extrapolated_and_said_to_be() -> None:
    told = report(FOUND)
    assert told.figures["rival_for_all_seconds"] == 1_000.0
    assert told.figures["further_signals"] == 10
    assert any("extrapolated" in note for note in told.notes)


@pytest.mark.parametrize(
    ("asked", "scale"),
    [
        pytest.param(Asked(), FULL, id="full"),
        pytest.param(Asked(short=True), SHORT, id="short"),
        pytest.param(Asked(short=True, leads=7), Scale(7), id="tiny"),
    ],
)
def test_the_scale_is_the_one_that_was_asked_for(asked: Asked, scale: Scale) -> None:
    assert chosen(asked) == scale


def test_the_rival_is_measured_with_a_fiftieth_and_never_with_a_handful() -> None:
    assert [Scale(leads).rivals_leads for leads in (50_000, 2_000, 70)] == [1_000, 200, 70]


def test_the_crowd_is_made_up_and_nobody_in_it_is_there_twice() -> None:
    crowd = list(made_up_crowd(NUMBERS + 500))
    assert len({lead["external_id"] for lead in crowd}) == NUMBERS + 500
    assert len({lead["phone_number"] for lead in crowd}) == NUMBERS
    assert all(FICTION.fullmatch(lead["phone_number"]) for lead in crowd)


@pytest.mark.parametrize(
    ("instant", "zones", "expected"),
    [
        pytest.param("2026-03-05T15:00:00Z", ["America/Chicago"], True, id="as-it-opens"),
        pytest.param("2026-03-05T14:59:00Z", ["America/Chicago"], False, id="before-it-opens"),
        pytest.param("2026-03-05T23:00:00Z", ["America/Chicago"], False, id="as-it-closes"),
        pytest.param("2026-03-04T15:00:00Z", ["America/Chicago"], False, id="another-day"),
        pytest.param("2026-03-05T15:00:00Z", ["America/Chicago", "America/Denver"], False, id="closed-on-one-clock"),
        pytest.param(None, ["America/Chicago"], False, id="for-no-time"),
    ],
)
def test_a_lead_waits_for_a_far_day_on_all_its_clocks(instant: str | None, zones: list[str], expected: bool) -> None:
    assert waits_for(THURSDAY, 9, 17)({"next_attempt_at": instant, "time_zones": zones}) is expected


@pytest.mark.parametrize(
    ("instant", "expected"),
    [
        pytest.param(None, True, id="for-no-time"),
        pytest.param("2026-03-05T15:00:00Z", True, id="for-one-that-has-come"),
        pytest.param("2999-03-05T15:00:00Z", False, id="for-one-to-come"),
    ],
)
def test_a_lead_waits_for_nothing_but_a_slot(instant: str | None, expected: bool) -> None:
    assert is_due({"next_attempt_at": instant}) is expected


def client(answer: Callable[[httpx.Request], httpx.Response]) -> Client:
    http = httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://leads.example.com")
    return Client(http, pause_seconds=0.0)


async def test_a_page_is_read_again_until_all_on_it_are_right() -> None:
    asked: list[str | None] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.params.get("cursor"))
        is_wrong = len(asked) == 1
        lead = RIGHT_AWAY | ({"next_attempt_at": "2999-03-05T15:00:00Z"} if is_wrong else {})
        return httpx.Response(200, json={"items": [lead], "next_cursor": None if "2" in asked else "2"})

    await until_all_right(client(answer), "c", is_due)
    assert asked == [None, None, "2"]


async def test_times_that_stay_wrong_are_no_result() -> None:
    lead = RIGHT_AWAY | {"next_attempt_at": "2999-03-05T15:00:00Z"}
    page = httpx.Response(200, json={"items": [lead], "next_cursor": None})
    with pytest.raises(BenchmarkFailed, match="2999-03-05T15:00:00Z"):
        await until_all_right(client(lambda _: page), "c", is_due, patience_seconds=-1.0)


def test_signals_are_counted_where_they_come_in() -> None:
    figures = """
service_requests{namespace="default",operation="SignalWorkflowExecution",service_name="frontend"} 40
service_requests{namespace="default",operation="SignalWorkflowExecution",service_name="history"} 40
service_requests{namespace="other",operation="SignalWorkflowExecution",service_name="frontend"} 2
service_requests{namespace="default",operation="StartWorkflowExecution",service_name="frontend"} 7
"""
    assert [float(count) for count in SIGNALS.findall(figures)] == [40.0, 2.0]
