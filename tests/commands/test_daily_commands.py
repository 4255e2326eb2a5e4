"""The daily commands ask the running API, and show its answers to people and programs."""

import io
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner
from typing_extensions import override

from commands.__main__ import app
from commands.daily import show_list, show_one

LEAD = {"id": "1", "status": "new", "phone_number": "+12125550101", "name": "Ada [bold]", "custom_fields": {"a": 1}}
SPRING = {"id": "c1", "name": "Spring", "status": "draft"}


class Pretend(BaseHTTPRequestHandler):
    """An API that says one thing to each address and remembers what it was asked."""

    asked: list[str]

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", "0"))).decode()
        line = f"{self.command} {self.path}"
        if not self.path.startswith("/api/v1/auth"):
            self.asked.append(f"{line} {body}".strip())
        status, told = said(line)
        written = b"" if told is None else json.dumps(told).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(written)))
        self.end_headers()
        self.wfile.write(written)

    do_GET = do_POST = do_DELETE = answer  # noqa: N815 - names of the base class

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""


def said(line: str) -> tuple[int, Any]:
    match line.split("?", maxsplit=1)[0]:
        case "POST /api/v1/auth/token":
            return 200, {"access_token": "t"}
        case "GET /api/v1/leads" | "GET /api/v1/calls" | "GET /api/v1/do-not-call":
            return 200, {"items": [LEAD], "next_cursor": None}
        case "GET /api/v1/leads/1/timeline":
            return 200, {"items": [{"at": "now", "kind": "created", "details": {"run": 1}}], "next_cursor": None}
        case "GET /api/v1/campaigns":
            return 200, {"items": [SPRING], "next_cursor": None}
        case "GET /api/v1/leads/404":
            return 404, {"detail": "There is no lead with this id."}
        case line if line.startswith("DELETE"):
            return 204, None
        case _:
            return 200, LEAD


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What the API was asked, one line a request."""
    heard: list[str] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Listening", (Pretend,), {"asked": heard}))
    (tmp_path / "addresses.json").write_text(json.dumps({"api": f"http://127.0.0.1:{server.server_port}"}))
    monkeypatch.setenv("LEADLINE_HOME", str(tmp_path))
    monkeypatch.setenv("LEADLINE_ADMIN_PASSWORD", "secret")
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    yield heard
    server.shutdown()
    serving.join()
    server.server_close()


@pytest.mark.parametrize(
    ("arguments", "requests"),
    [
        pytest.param("leads list --q Ada", ["GET /api/v1/leads?limit=200&q=Ada"], id="leads"),
        pytest.param(
            "leads list --campaign Spring --status new",
            ["GET /api/v1/campaigns?limit=200", "GET /api/v1/leads?limit=200&campaign_id=c1&status=new"],
            id="leads-of-a-campaign",
        ),
        pytest.param("leads show 1", ["GET /api/v1/leads/1"], id="lead"),
        pytest.param("leads timeline 1", ["GET /api/v1/leads/1/timeline?limit=200"], id="timeline"),
        pytest.param("leads cancel 1 --hang-up", ['POST /api/v1/leads/1/cancel {"hang_up":true}'], id="cancel"),
        pytest.param("leads call-now 1", ["POST /api/v1/leads/1/call-now"], id="call-now"),
        pytest.param("leads reopen 1", ["POST /api/v1/leads/1/reopen"], id="reopen"),
        pytest.param("leads erase 1 --yes", ["DELETE /api/v1/leads/1"], id="erase"),
        pytest.param(
            "leads erase-person +12125550101 --yes",
            ['POST /api/v1/persons/erase {"phone_number":"+12125550101"}'],
            id="erase-person",
        ),
        pytest.param(
            "leads export-person +12125550101",
            ['POST /api/v1/persons/export {"phone_number":"+12125550101"}'],
            id="export-person",
        ),
        pytest.param("call list --lead 1", ["GET /api/v1/calls?limit=200&lead_id=1"], id="calls"),
        pytest.param("call show call_1", ["GET /api/v1/calls/call_1"], id="call"),
        pytest.param("campaigns list", ["GET /api/v1/campaigns?limit=200"], id="campaigns"),
        pytest.param(
            "campaigns pause Spring",
            ["GET /api/v1/campaigns?limit=200", "POST /api/v1/campaigns/c1/pause"],
            id="pause",
        ),
        pytest.param("do-not-call list", ["GET /api/v1/do-not-call?limit=200"], id="numbers"),
        pytest.param("do-not-call show +12125550101", ["GET /api/v1/do-not-call/%2B12125550101"], id="number"),
        pytest.param(
            "do-not-call add +12125550101 --reason asked",
            ['POST /api/v1/do-not-call {"phone_number":"+12125550101","reason":"asked"}'],
            id="add",
        ),
        pytest.param("do-not-call remove +12125550101", ["DELETE /api/v1/do-not-call/%2B12125550101"], id="remove"),
    ],
)
def test_each_command_asks_what_it_says(asked: list[str], arguments: str, requests: list[str]) -> None:
    done = CliRunner().invoke(app, arguments.split())
    assert (done.exit_code, done.stderr) == (0, "")
    assert asked == requests


def test_who_is_not_sure_erases_nobody(asked: list[str]) -> None:
    done = CliRunner().invoke(app, ["leads", "erase", "1"], input="n\n")
    assert (done.exit_code, asked) == (1, [])
    for_programs = CliRunner().invoke(app, ["leads", "erase", "1", "--json"])
    assert (for_programs.exit_code, for_programs.stdout, asked) == (2, "", [])


def test_programs_get_what_the_api_said(asked: list[str]) -> None:
    assert json.loads(CliRunner().invoke(app, ["leads", "show", "1", "--json"]).stdout) == LEAD
    assert json.loads(CliRunner().invoke(app, ["leads", "list", "--json"]).stdout) == [LEAD]


def test_people_see_names_as_they_are_written(asked: list[str]) -> None:
    assert "Ada [bold]" in CliRunner().invoke(app, ["leads", "show", "1"]).stdout


def test_where_a_table_would_break_words_each_item_is_a_block() -> None:
    screen = io.StringIO()
    lead = LEAD | {"id": "12345678-1234-1234-1234-123456789012", "waiting_for": "a slot", "outcome": None}
    columns = ("id", "status", "outcome", "phone_number", "name", "waiting_for")
    show_list([lead], columns, as_json=False, console=Console(file=screen, width=60))
    assert screen.getvalue().splitlines()[:2] == [f"id                   {lead['id']}", "status               new"]
    assert "┃" not in screen.getvalue()


def test_a_pipe_gets_each_item_on_one_line(asked: list[str]) -> None:
    listed = CliRunner().invoke(app, ["leads", "list"]).stdout
    assert sum("+12125550101" in line and "Ada [bold]" in line for line in listed.splitlines()) == 1


def test_a_field_of_many_lines_cannot_look_like_others(capsys: pytest.CaptureFixture[str]) -> None:
    show_one({"transcript": "Hello\nstatus               done\x1b[2J", "status": "new"}, as_json=False)
    assert capsys.readouterr().out.splitlines() == [
        "transcript           Hello",
        "                     status               done\ufffd[2J",
        "status               new",
    ]


def test_what_is_copied_from_a_narrow_screen_is_whole() -> None:
    screen = io.StringIO()
    long = {"id": "12345678-1234-1234-1234-123456789012", "phone_number": "+12125550101", "waiting_for": "x " * 40}
    columns = ("id", "phone_number", "waiting_for")
    show_list([long], columns, as_json=False, console=Console(file=screen, width=80))
    assert long["id"] in screen.getvalue()
    assert long["phone_number"] in screen.getvalue()


def test_what_the_api_refuses_is_said_and_ends_with_status_1(asked: list[str]) -> None:
    done = CliRunner().invoke(app, ["leads", "show", "404"])
    assert (done.exit_code, done.stderr) == (1, "There is no lead with this id.\n")
    unknown = CliRunner().invoke(app, ["campaigns", "pause", "Winter"])
    assert (unknown.exit_code, "There are: 'Spring'" in unknown.stderr) == (1, True)
