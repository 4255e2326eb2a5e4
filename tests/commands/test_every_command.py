"""Every command says what it does, speaks JSON, and ends with the status that ``docs/operations/terminal.md`` promises.

A command that isn't in the table fails the test.
"""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.core import TyperCommand, TyperGroup, TyperOption
from typer.testing import CliRunner
from typing_extensions import override

from commands.__main__ import app

Json = dict[str, Any]

ID = "0d2f3c4b-0000-4000-8000-000000000000"
FILE = "{file}"

TALKING: Mapping[str, str] = {
    "status": "",
    "tail": "--lead x",
    "import": f"{FILE} --campaign {ID}",
    "leads list": "",
    "leads show": ID,
    "leads timeline": ID,
    "leads cancel": ID,
    "leads call-now": ID,
    "leads reopen": ID,
    "leads erase": f"{ID} --yes",
    "leads erase-person": "+12125550123 --yes",
    "leads export-person": "+12125550123",
    "call list": "",
    "call show": "call_1",
    "campaigns list": "",
    "campaigns show": ID,
    "campaigns launch": ID,
    "campaigns pause": ID,
    "campaigns resume": ID,
    "do-not-call list": "",
    "do-not-call show": "+12125550123",
    "do-not-call add": "+12125550123",
    "do-not-call remove": "+12125550123",
    "users list": "",
    "users invite": "new@example.com",
    "users role": "new@example.com viewer",
    "users remove": "new@example.com",
    "users reset-password": "new@example.com",
    "keys list": "",
    "keys make": "CRM",
    "keys revoke": ID,
}
"""What talks to the running API, with arguments that are right."""

STANDING_ALONE = {"demo", "up", "test", "bench", "connect", "webhooks replay"}
WITHOUT_JSON = {"demo", "up", "test"}
"""They run something, and answer nothing that a program would read."""

EMPTY_LISTS = ("leads list", "call list", "campaigns list", "do-not-call list", "keys list")


def leaves(command: object, *path: str) -> Iterator[tuple[str, TyperCommand]]:
    if isinstance(command, TyperGroup):
        for name, one in command.commands.items():
            yield from leaves(one, *path, name)
    else:
        assert isinstance(command, TyperCommand)
        yield " ".join(path), command


COMMANDS = dict(leaves(typer.main.get_command(app)))


class Answering(BaseHTTPRequestHandler):
    """An API that says the same to everything: ``answer`` of the server."""

    def do(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", "0")))
        status, told = self.server.answer(self.command, self.path)  # type: ignore[attr-defined]
        written = b"" if told is None else json.dumps(told).encode()
        self.send_response(status)
        self.send_header("content-type", "application/problem+json" if status >= 400 else "application/json")
        self.send_header("content-length", str(len(written)))
        self.end_headers()
        self.wfile.write(written)

    do_GET = do_POST = do_PATCH = do_DELETE = do  # noqa: N815 - names of the base class

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""


Answer = Callable[[str, str], tuple[int, Json | None]]


def bars(method: str, path: str) -> tuple[int, Json | None]:
    if path == "/readyz":
        return 200, {"status": "ready"}
    return 401, {"detail": "This key doesn't hold any more.", "request_id": "r1"}


def knows_nothing(method: str, path: str) -> tuple[int, Json | None]:
    """Campaigns are looked for by name or id, so the one there is known."""
    if path == "/readyz":
        return 200, {"status": "ready"}
    if path == "/api/v1/auth/me":
        return 200, {}
    if path.startswith("/api/v1/campaigns?"):
        return 200, {"items": [{"id": ID, "name": "Spring"}], "next_cursor": None}
    if path.startswith("/api/v1/users?"):
        return 200, {"items": [], "next_cursor": None}
    return 404, {"detail": "There is nothing with this id.", "request_id": "r1"}


def has_nothing(method: str, path: str) -> tuple[int, Json | None]:
    return 200, {"items": [], "next_cursor": None}


Serve = Callable[[Answer], None]


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """The API of this home answers so."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    monkeypatch.setenv("LEADLINE_HOME", str(tmp_path))
    monkeypatch.setenv("LEADLINE_API_KEY", "ll_x")
    (tmp_path / "addresses.json").write_text(json.dumps({"api": f"http://127.0.0.1:{server.server_port}"}))

    def serve(answer: Answer) -> None:
        server.answer = answer  # type: ignore[attr-defined]

    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    yield serve
    server.shutdown()
    serving.join()
    server.server_close()


Run = Callable[..., Any]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    file = tmp_path / "leads.csv"
    file.write_text("phone\n+12125550123\n")

    def run(command: str, *options: str) -> Any:  # noqa: ANN401  (the runner's own result)
        arguments = TALKING[command].replace(FILE, str(file)).split()
        return CliRunner().invoke(app, [*command.split(), *arguments, *options])

    return run


def test_every_command_is_in_the_table_and_nothing_else() -> None:
    assert COMMANDS.keys() == TALKING.keys() | STANDING_ALONE


@pytest.mark.parametrize("command", COMMANDS)
def test_help_says_what_it_does_and_shows_every_option(command: str) -> None:
    done = CliRunner().invoke(app, [*command.split(), "--help"], env={"COLUMNS": "200", "TERM": "dumb"})
    assert done.exit_code == 0
    about = COMMANDS[command].help
    assert about, "say what it does"
    assert about.split(".")[0] in " ".join(done.stdout.split())
    options = [one for one in COMMANDS[command].params if isinstance(one, TyperOption) and not one.hidden]
    for option in options:
        assert option.opts[0] in done.stdout
        assert option.help, f"say what {option.opts[0]} is"


@pytest.mark.parametrize("command", sorted(COMMANDS.keys() - WITHOUT_JSON))
def test_programs_are_spoken_to_in_json(command: str) -> None:
    assert "--json" in {name for one in COMMANDS[command].params for name in one.opts}


@pytest.mark.parametrize("command", sorted(COMMANDS.keys() - {"test"}))
def test_wrong_usage_is_status_2(command: str) -> None:
    """The options of ``test`` are pytest's."""
    assert CliRunner().invoke(app, [*command.split(), "--no-such-option"]).exit_code == 2


@pytest.mark.parametrize("command", sorted(TALKING.keys() - {"status"}))
def test_where_nothing_runs_that_is_said_with_status_1(
    run: Run, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, closed_port: int
) -> None:
    monkeypatch.setenv("LEADLINE_HOME", str(tmp_path))
    monkeypatch.setenv("LEADLINE_API_KEY", "ll_x")
    monkeypatch.setenv("LEADLINE_PORT", str(closed_port))
    done = run(command, "--json")
    error = json.loads(done.stdout)["error"]
    assert (done.exit_code, error["status"], done.stderr) == (1, None, f"{error['detail']}\n")
    assert "./leadline status says more" in error["detail"]
    for_people = run(command)
    assert (for_people.exit_code, for_people.stdout.count("Traceback")) == (1, 0)
    assert for_people.stderr == done.stderr


BARRED = [(command, bars, 401, "Set LEADLINE_API_KEY") for command in sorted(TALKING.keys() - {"status"})]
BY_EMAIL = {"users role", "users remove", "users reset-password"}
UNKNOWN = [
    (command, knows_nothing, 404, "There is nothing with this id.")
    for command in sorted(TALKING.keys() - {"status", "campaigns list"} - BY_EMAIL)
]


@pytest.mark.parametrize(("command", "answer", "status", "says"), BARRED + UNKNOWN)
def test_what_is_refused_is_said_with_status_1(
    serve: Serve, run: Run, command: str, answer: Answer, status: int, says: str
) -> None:
    serve(answer)
    done = run(command, "--json")
    error = json.loads(done.stdout)["error"]
    assert (done.exit_code, error["status"], error["request_id"]) == (1, status, "r1")
    assert says in error["detail"]
    assert done.stderr.splitlines()[-1] == error["detail"]  # progress stands before it


@pytest.mark.parametrize("command", sorted(BY_EMAIL))
def test_somebody_whom_nobody_knows_is_said_with_the_way_to_all(serve: Serve, run: Run, command: str) -> None:
    serve(knows_nothing)
    done = run(command, "--json")
    error = json.loads(done.stdout)["error"]
    assert (done.exit_code, error["status"], "users list" in error["detail"]) == (1, None, True)


@pytest.mark.parametrize("command", ["campaigns show", "campaigns launch", "campaigns pause", "import", "tail"])
def test_a_campaign_that_nobody_knows_is_answered_with_those_there_are(serve: Serve, run: Run, command: str) -> None:
    serve(knows_nothing)
    arguments = {"import": ["--campaign", "Winter"], "tail": ["--campaign", "Winter"]}
    if command in arguments:
        done = run(command, *arguments[command], "--json")
    else:
        done = CliRunner().invoke(app, [*command.split(), "Winter", "--json"])
    assert (done.exit_code, "There are: 'Spring'" in json.loads(done.stdout)["error"]["detail"]) == (1, True)


@pytest.mark.parametrize("command", EMPTY_LISTS)
def test_an_empty_list_is_said_in_words_and_is_an_empty_list_for_programs(serve: Serve, run: Run, command: str) -> None:
    serve(has_nothing)
    assert json.loads(run(command, "--json").stdout) == []
    done = run(command)
    assert (done.exit_code, done.stdout.startswith("There ")) == (0, True)


@pytest.mark.parametrize(
    ("answer", "status", "running"), [(bars, 1, True), (knows_nothing, 1, True)], ids=["barred", "older-api"]
)
def test_status_says_what_everybody_may_know_though_one_is_not_let_in(
    serve: Serve, run: Run, answer: Answer, status: int, *, running: bool
) -> None:
    serve(answer)
    done = run("status", "--json")
    report = json.loads(done.stdout)
    assert (done.exit_code, report["running"], report["ready"], report["standing"]) == (status, running, True, None)
    assert done.stderr == f"{report['problem']}\n"


def test_status_without_anything_to_sign_in_with_says_whether_it_works(
    serve: Serve, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(bars)
    monkeypatch.delenv("LEADLINE_API_KEY")
    done = run("status")
    assert (done.exit_code, "is able to work" in done.stdout) == (0, True)
    assert done.stderr.startswith("Set LEADLINE_API_KEY")


def test_status_where_nothing_runs_is_json_too(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, closed_port: int
) -> None:
    monkeypatch.setenv("LEADLINE_HOME", str(tmp_path))
    monkeypatch.setenv("LEADLINE_PORT", str(closed_port))
    done = run("status", "--json")
    assert (done.exit_code, json.loads(done.stdout)["running"]) == (1, False)


@pytest.mark.parametrize("command", ["connect --simulator", "webhooks replay --unmatched"])
def test_what_stands_alone_says_in_json_that_nothing_is_there(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, closed_port: int
) -> None:
    monkeypatch.setenv("LEADLINE_HOME", str(tmp_path))
    monkeypatch.setenv("LEADLINE_API_KEY", "ll_x")
    monkeypatch.setenv("LEADLINE_PORT", str(closed_port))
    monkeypatch.setenv("DATABASE_URL", f"postgresql://nobody@127.0.0.1:{closed_port}/none")
    done = CliRunner().invoke(app, [*command.split(), "--json"])
    assert done.exit_code == 1
    assert isinstance(json.loads(done.stdout), dict)


@pytest.mark.parametrize("command", sorted(COMMANDS.keys() - {"test", "bench", "demo"}))
def test_an_impossible_setting_is_one_line_and_status_1(command: str, run: Run, tmp_path: Path) -> None:
    environ = {"LEADLINE_PROT": "1", "LEADLINE_HOME": str(tmp_path)}
    arguments = TALKING.get(command, "--unmatched" if command == "webhooks replay" else "")
    file = str(tmp_path / "leads.csv")
    words = [*command.split(), *arguments.replace(FILE, file).split()]
    done = CliRunner().invoke(app, words, env=environ)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == "LEADLINE_PROT is no setting of Leadline; did you mean LEADLINE_PORT?\n"
