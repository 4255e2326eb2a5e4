"""``./leadline status``: what everybody may know, and what one may know who is let in."""

import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from rich.console import Console

from commands.standing import headline, show
from commands.status import asked, details, is_able
from runtime.settings import load_settings

Json = dict[str, Any]

ADDRESSES = {"api": "http://127.0.0.1:8000", "temporal": "127.0.0.1:7233", "postgres": "postgresql://a:secret@h/x"}
READY = {"status": "ready", "database": "ok", "temporal": "ok"}
CAMPAIGN: Json = {
    "id": "c1",
    "name": "Spring [bold]\x1b[2J",
    "status": "running",
    "number_pool_id": "p1",
    "live_calls": 2,
    "max_live_calls": 5,
    "leads_due": 500,
    "leads_due_is_cut": True,
    "next_due_at": "2026-03-03T15:00:00Z",
    "held_up_by": [],
}
ACCOUNT: Json = {"id": "a1", "name": "Main", "provider": "simulator", "live_calls": 2, "max_live_calls": 20}
STANDING: Json = {
    "at": "2026-03-02T18:00:00Z",
    "organization": "An agency",
    "stopped_at": None,
    "workers": 1,
    "live_calls": 2,
    "inbound_calls": 1,
    "max_live_calls": None,
    "today": {
        "since": "2026-03-02T06:00:00Z",
        "as_of": "2026-03-02T17:59:58Z",
        "calls": 143,
        "refused": 3,
        "inbound": 1,
        "by_outcome": {"answered": 61, "voicemail": 0, "no_answer": 1_082, "refused": 3, "busy": 0},
    },
    "leads_due": 507,
    "leads_queued": 500,
    "leads_held_up": 7,
    "leads_due_is_cut": True,
    "campaigns": [
        CAMPAIGN,
        CAMPAIGN | {"name": "Autumn", "status": "paused", "held_up_by": ["it is paused; resume it"]},
    ],
    "number_pools": [],
    "accounts": [ACCOUNT | {"parked": "the account Main is parked: the provider refuses its key; give it a valid one"}],
    "registries": ["The registry list National was last brought up to date more than 40 days ago."],
    "is_cut": False,
}
TODAY: Json = {"calls": 143, "reached": 61, "succeeded": 12, "refused": 3, "inbound": 1, "cost": 4.2}
FIGURES: Json = {"by_status": {"new": 1_200, "in_progress": 2, "done": 30}, "calls": TODAY}


def answering(status: int, body: object) -> httpx.MockTransport:
    return httpx.MockTransport(lambda _: httpx.Response(status, json=body))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "addresses.json").write_text(json.dumps(ADDRESSES))
    return tmp_path


def report_of(home: Path, transport: httpx.BaseTransport) -> Json:
    return asked(load_settings({"LEADLINE_HOME": str(home)}), transport)


def shown(report: Json) -> str:
    screen = io.StringIO()
    show(report, Console(file=screen, width=200))
    return screen.getvalue()


def refuse(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused", request=request)


def page(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, text="<html>", request=request)


@pytest.mark.parametrize("answer", [refuse, page], ids=["nobody", "something-else"])
def test_without_a_stack_status_says_how_to_start_one(
    tmp_path: Path, answer: Callable[[httpx.Request], httpx.Response]
) -> None:
    report = report_of(tmp_path, httpx.MockTransport(answer))
    assert (report["running"], is_able(report)) == (False, False)
    assert shown(report) == "Nothing runs here; ./leadline up starts it.\n"


def test_a_stack_that_does_not_answer_is_not_called_running(home: Path) -> None:
    report = report_of(home, httpx.MockTransport(refuse))
    assert (report["running"], report["ready"]) == (False, False)
    assert headline(report) == "Leadline is starting, or was killed; ./leadline up starts it."


@pytest.mark.parametrize(
    ("status", "checks", "says"),
    [
        pytest.param(200, READY, "is able to work", id="ready"),
        pytest.param(503, READY | {"status": "not ready", "database": "away"}, "database can't be reached", id="away"),
    ],
)
def test_a_running_stack_is_shown_with_its_addresses_but_not_its_password(
    home: Path, status: int, checks: Json, says: str
) -> None:
    report = report_of(home, answering(status, checks))
    assert (report["running"], report["ready"], is_able(report)) == (True, status == 200, status == 200)
    assert says in shown(report)
    assert "http://127.0.0.1:8000" in shown(report)
    assert "secret" not in json.dumps(report)


def in_full(**standing: object) -> Json:
    known = {"standing": STANDING | standing, "leads": FIGURES["by_status"], "today": TODAY}
    return {"running": True, "ready": True, "addresses": {}, "checks": READY, "problem": None} | known


@pytest.mark.parametrize(
    "says",
    [
        pytest.param("An agency", id="whose"),
        pytest.param("the simulator, nobody's phone rings (Main, 2 of 20 live)", id="where-calls-go"),
        pytest.param("2, 1 ringing in", id="live-calls"),
        pytest.param("1,200 new, 2 in progress, 30 done", id="leads"),
        pytest.param("500 or more wait for a slot, 7 or more are held up", id="due"),
        pytest.param(
            "143 calls, 61 reached, 12 succeeded, 3 refused before they rang, 1 came in, cost 4.20", id="today"
        ),
        pytest.param("outcomes      1,082 no answer, 61 answered, 3 refused\n", id="outcomes-of-today"),
        pytest.param("the provider refuses its key; give it a valid one", id="parked-with-its-remedy"),
        pytest.param("National was last brought up to date", id="old-registry"),
        pytest.param("500+", id="due-in-a-campaign"),
        pytest.param("it is paused; resume it", id="held-up"),
        pytest.param("Spring [bold]\ufffd[2J", id="names-that-steer-nothing"),
    ],
)
def test_people_are_told_what_runs_and_what_is_held_up_and_why(says: str) -> None:
    assert says in shown(in_full())


@pytest.mark.parametrize(
    ("standing", "says"),
    [
        pytest.param({"campaigns": []}, "There is no campaign that could call.", id="no-campaign"),
        pytest.param({"leads_due": 0}, "due now       nobody", id="nobody-due"),
        pytest.param(
            {"today": STANDING["today"] | {"by_outcome": {"answered": 0, "busy": 0}}},
            "outcomes      no call of today is over yet\n",
            id="no-calls",
        ),
        pytest.param({"workers": None}, "not known while Temporal doesn't answer", id="engine-away"),
        pytest.param({"stopped_at": "2026-03-02T17:00:00Z"}, "organizations/current/start lets it go on", id="stopped"),
    ],
)
def test_what_is_missing_is_said(standing: Json, says: str) -> None:
    assert says in shown(in_full(**standing))


def test_without_a_worker_it_is_not_able_to_work() -> None:
    assert not is_able(in_full(workers=0))
    assert headline(in_full(workers=0)).startswith("Leadline runs, but nobody does its work")
    assert "nobody is called; ./leadline up brings one" in shown(in_full(workers=0))
    assert is_able(in_full(workers=None))


@pytest.mark.parametrize(("figures", "known"), [(200, True), (503, False)], ids=["there", "away"])
def test_figures_that_cannot_be_read_keep_nothing_else_back(home: Path, figures: int, *, known: bool) -> None:
    midnight = datetime(2026, 3, 2, tzinfo=UTC)

    def answer(request: httpx.Request) -> httpx.Response:
        match request.url.path:
            case "/api/v1/status":
                assert request.url.params["today_since"] == midnight.isoformat()
                return httpx.Response(200, json=STANDING)
            case "/api/v1/analytics/summary":
                return httpx.Response(figures, json=FIGURES if known else {"detail": "The replica is away."})
            case _:
                raise AssertionError(request.url)

    environ = {"LEADLINE_HOME": str(home), "LEADLINE_API_KEY": "ll_x"}
    found = details(environ, midnight=midnight, transport=httpx.MockTransport(answer))
    assert found["standing"] == STANDING
    assert ((found["leads"], found["today"]) == (FIGURES["by_status"], TODAY)) is known
    assert ("not known right now" in shown(in_full() | found)) is not known
