"""What ``./leadline demo`` reads, asks, shows and adds up; its servers run in tests/end_to_end/."""

import io
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytz
from rich.console import Console

from commands.demo.campaigns import set_up, waiting_lead, waiting_numbers
from commands.demo.client import Client, DemoFailed
from commands.demo.command import demo_home
from commands.demo.lead_file import LEADS_FILE, MOST_LEADS, read_leads, take_leads
from commands.demo.leads_in import post_leads
from commands.demo.screen import Screen
from commands.demo.summary import Result, number_lines, talk_lines
from commands.demo.watching import Stalled, in_words, watch_leads
from domain.phone_numbers import to_e164
from domain.time_zones import decide_time_zones
from runtime.settings import SettingsError

FICTION = re.compile(r"\+1[2-9]\d\d55501\d\d")
Answer = Callable[[httpx.Request], httpx.Response]


def client(answer: Answer, *, patience_seconds: float = 5.0) -> Client:
    http = httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://api.test")
    return Client(http, patience_seconds=patience_seconds, pause_seconds=0.0)


class Shown:
    """A screen that is no terminal, and what is on it."""

    def __init__(self) -> None:
        self._output = io.StringIO()
        self.screen = Screen(Console(file=self._output, width=40))

    @property
    def lines(self) -> list[str]:
        return self._output.getvalue().splitlines()


def page(*items: dict[str, Any], cursor: str | None = None) -> httpx.Response:
    return httpx.Response(200, json={"items": items, "next_cursor": cursor})


def lead(status: str = "done", **more: Any) -> dict[str, Any]:  # noqa: ANN401 - any field of a lead
    plain = {"id": "1", "name": "Tom Sawyer", "phone_number": "+15735550112", "outcome": None, "blocked_reason": None}
    return {**plain, "status": status, "next_attempt_at": None, "waiting_for": None, **more}


def call(outcome: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - any field of a call
    plain = {"lead_id": "1", "outcome": outcome, "counts": True, "transcript": None, "number": 1}
    return {**plain, "created_at": "2026-03-02T10:00:00Z", **more}


def test_the_file_of_leads_holds_numbers_reserved_for_fiction_in_many_zones() -> None:
    leads = read_leads(LEADS_FILE)
    numbers = [to_e164(one["phone_number"]) for one in leads]
    zones = [
        decide_time_zones(time_zone=one.get("time_zone"), region=one.get("region"), phone_number=number).zones
        for one, number in zip(leads, numbers, strict=True)
    ]
    assert all(FICTION.fullmatch(number) for number in numbers)
    assert len(set(numbers)) == len(leads) == 60
    assert len({zone for of_lead in zones for zone in of_lead}) >= 8
    assert all(one["custom_fields"].keys() == {"company", "product", "employees"} for one in leads)
    assert {"region" in one for one in leads} == {"time_zone" in one for one in leads} == {True, False}


def test_a_file_of_a_spreadsheet_is_read_and_empty_cells_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "leads.csv"
    path.write_bytes(b'\xef\xbb\xbfname,phone_number,region,note\r\n"Gale, Dorothy",+1 316 555 0111,,"two\nlines"\r\n')
    (row,) = read_leads(path)
    assert row == {"name": "Gale, Dorothy", "phone_number": "+1 316 555 0111", "custom_fields": {"note": "two\nlines"}}


@pytest.mark.parametrize(
    "wanted",
    [
        pytest.param(1, id="fewer"),
        pytest.param(60, id="all"),
        pytest.param(61, id="one-more"),
        pytest.param(5_000, id="thousands"),
    ],
)
def test_as_many_leads_as_are_asked_for_have_each_a_number_of_their_own(wanted: int) -> None:
    leads = take_leads(read_leads(LEADS_FILE), wanted, reserved=waiting_numbers())
    numbers = {to_e164(one["phone_number"]) for one in leads}
    assert len(leads) == len(numbers) == len({one["external_id"] for one in leads}) == wanted
    assert all(FICTION.fullmatch(number) for number in numbers)
    assert numbers.isdisjoint(waiting_numbers())


def test_the_most_leads_that_can_be_asked_for_are_given() -> None:
    assert len(take_leads(read_leads(LEADS_FILE), MOST_LEADS)) == MOST_LEADS


def test_at_any_hour_of_the_year_somebody_has_to_wait() -> None:
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    for hours in range(0, 365 * 24, 3):
        now = begin + timedelta(hours=hours)
        chosen = waiting_lead(now)
        local = now.astimezone(pytz.timezone(chosen["time_zone"]))
        assert not 9 <= local.hour < 17, now


async def test_a_refused_row_is_shown_with_its_reason_and_the_rest_goes_in() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        items: list[dict[str, Any]] = []
        for index, one in enumerate(json.loads(request.content)["leads"]):
            assert one["campaign_id"] == "c"
            bad = one["name"] == "Nobody"
            problem = {"detail": "phone_number: There is no phone number here."}
            items.append(
                {"index": index, "lead": None if bad else {"id": one["name"]}, "problem": problem if bad else None}
            )
        return httpx.Response(200, json={"items": items})

    shown = Shown()
    rows = [{"name": f"Lead {number}"} for number in range(1, 31)]
    rows[24] = {"name": "Nobody"}
    with shown.screen.meter(30) as meter:
        taken = await post_leads(client(answer), "c", rows, meter)
    assert len(taken.lead_ids) == 29
    assert taken.refused == ["row 25 (Nobody) was refused: phone_number: There is no phone number here."]
    assert shown.lines[-1] == "  30 of 30 leads handed over"


async def test_what_an_interrupted_run_left_calling_is_ended_and_its_pool_used_again() -> None:
    asked: list[str] = []

    def lists(path: str) -> httpx.Response:
        old = {"id": "old", "name": "Demo 2026-03-01 09:00:00", "status": "running"}
        others = [{"id": "own", "name": "Mine", "status": "running"}, {**old, "id": "past", "status": "paused"}]
        live = [] if "/leads/1/cancel" in asked else [lead("in_progress")]
        found = {"/campaigns": [old, *others], "/leads": live, "/number-pools": [{"id": "pool", "name": "Demo"}]}
        return page(*found[path])

    def answer(request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/api/v1")
        if request.method == "GET":
            return lists(path)
        body = json.loads(request.content or b"{}") or {}
        asked.append(f"{path} {body.get('name', '')} {body.get('number_pool_id', '')}".strip())
        return httpx.Response(201, json={"id": f"new{len(asked)}"})

    stage = await set_up(client(answer), datetime(2026, 3, 2, 10, tzinfo=UTC))
    assert asked == [
        "/campaigns/old/pause",
        "/leads/1/cancel",
        "/campaigns Demo 2026-03-02 10:00:00 pool",
        "/campaigns/new3/launch",
        "/campaigns Demo 2026-03-02 10:00:00, office hours elsewhere pool",
        "/campaigns/new5/launch",
    ]
    assert (stage.campaign_id, stage.waiting_campaign_id) == ("new3", "new5")


async def test_all_pages_of_a_list_are_read() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        cursor = request.url.params.get("cursor")
        return page({"n": 2}) if cursor == "next" else page({"n": 1}, cursor="next")

    assert await client(answer).everything("/leads") == [{"n": 1}, {"n": 2}]


async def test_an_api_that_starts_again_is_waited_for() -> None:
    answers = iter([None, httpx.Response(503, json={"detail": "away"}), page()])

    def answer(request: httpx.Request) -> httpx.Response:
        given = next(answers)
        if given is None:
            raise httpx.ConnectError("refused")
        return given

    assert await client(answer).everything("/leads") == []


async def test_a_refusal_says_what_the_api_said() -> None:
    with pytest.raises(DemoFailed, match=r"POST /campaigns: 409 There is a campaign of this name\."):
        await client(lambda _: httpx.Response(409, json={"detail": "There is a campaign of this name."})).post(
            "/campaigns"
        )


async def test_an_api_that_stays_away_ends_the_demo_with_a_sentence() -> None:
    with pytest.raises(DemoFailed, match="GET /leads: 503 away"):
        await client(lambda _: httpx.Response(503, json={"detail": "away"}), patience_seconds=0).get("/leads")


async def test_leads_are_watched_until_the_whole_list_says_that_all_are_done() -> None:
    between_lists = iter([lead("new"), lead("done")])

    def answer(request: httpx.Request) -> httpx.Response:
        return page() if "status" in request.url.params else page(next(between_lists))

    shown = Shown()
    with shown.screen.meter(1) as meter:
        leads = await watch_leads(client(answer), "c", {"1"}, meter, look_seconds=0.0)
    assert [one["status"] for one in leads] == ["done"]


async def test_leads_that_never_end_are_named() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return page(lead("new", waiting_for="a free slot")) if request.url.params["status"] == "new" else page()

    shown = Shown()
    with shown.screen.meter(1) as meter, pytest.raises(Stalled, match=r"Tom Sawyer.*waiting for a free slot"):
        await watch_leads(client(answer), "c", {"1"}, meter, look_seconds=0.0, stall_seconds=0.0)


def test_progress_tells_calls_from_waits_and_from_the_queue() -> None:
    later = lead("new", next_attempt_at="2026-03-02T10:00:03Z")
    words = in_words([lead("in_progress"), lead("in_progress"), later, lead("new")])
    assert words == "done, 2 in progress, 1 waiting for their next try, 1 in the queue"


def test_the_summary_counts_leads_and_calls_by_outcome() -> None:
    leads = [lead(outcome="reached", id="1"), lead(outcome="reached", id="2"), lead(outcome="blocked", id="3")]
    leads[2]["blocked_reason"] = "do_not_call"
    calls = [
        call("busy"),
        call("answered", number=2),
        call("answered", lead_id="2"),
        call("refused", counts=False, lead_id="3"),
    ]
    lines = number_lines(Result(leads, calls), refused=1)
    assert lines[:3] == [
        "Leads     2 of 3 called, 2 reached",
        "Outcomes  2 reached, 1 blocked",
        "Calls     4: 2 answered, 1 busy, 1 refused",
    ]
    assert [line.split()[0] for line in lines[3:]] == ["Blocked", "Refused"]


def test_a_run_without_calls_has_a_summary_too() -> None:
    result = Result([], [])
    assert number_lines(result, refused=0) == [
        "Leads     0 of 0 called, 0 reached",
        "Outcomes  none",
        "Calls     0: none",
    ]
    assert (result.first_call_at(), result.best_call()) == (None, None)


def test_a_talk_with_a_person_is_shown_rather_than_a_longer_one_with_a_machine() -> None:
    talk = call("answered", transcript="Agent: Hi.\nUser: Hello.\n" * 5)
    machine = call("voicemail", transcript="User: Leave a message after the tone.\n" * 50)
    assert Result([], [machine, talk]).best_call() is talk
    assert talk_lines(talk) == ["Agent: Hi.", "User: Hello."] * 3 + ["…"]


def test_the_demo_keeps_its_state_beside_that_of_the_real_system(tmp_path: Path) -> None:
    assert demo_home({"LEADLINE_HOME": str(tmp_path), "DATABASE_URL": "nonsense"}) == tmp_path / "demo"
    with pytest.raises(SettingsError, match="LEADLINE_HOEM"):
        demo_home({"LEADLINE_HOEM": str(tmp_path)})


def test_where_no_terminal_is_long_lines_are_not_broken_and_brackets_stay() -> None:
    shown = Shown()
    shown.screen.say("a line [bold]that is longer[/bold] than the forty columns of this screen")
    assert shown.lines == ["a line [bold]that is longer[/bold] than the forty columns of this screen"]
