"""What the commands say to people and programs."""

import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
import typer

from commands.output import say
from commands.status import asked, sentence
from commands.test import run
from commands.up import summary
from runtime.embedded.home import Home
from runtime.embedded.plan import Plan
from runtime.settings import Settings

PROJECT = Path(__file__).resolve().parents[2]
ADDRESSES = {"api": "http://127.0.0.1:8000", "temporal": "127.0.0.1:7233", "postgres": "postgresql://a:secret@h/x"}


def answering(status: int, body: object) -> httpx.MockTransport:
    return httpx.MockTransport(lambda _: httpx.Response(status, json=body))


def plan(home: Path, settings: Settings, *, new: bool, simulated: bool = True) -> Plan:
    return Plan(
        home=Home(home),
        settings=settings,
        cluster=None,
        postgres_port=0,
        temporal=None,
        api_port=8000,
        worker_port=8001,
        simulator_port=8002 if simulated else None,
        admin_password="generated-password",
        password_is_new=new,
    )


def test_without_a_stack_status_says_how_to_start_one(tmp_path: Path) -> None:
    report = asked(tmp_path)
    assert report["running"] is False
    assert sentence(report) == "Nothing runs here; ./leadline up starts it."


def test_a_stack_that_does_not_answer_is_not_called_running(tmp_path: Path) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    (tmp_path / "addresses.json").write_text(json.dumps(ADDRESSES))
    report = asked(tmp_path, httpx.MockTransport(refuse))
    assert (report["running"], report["ready"]) == (False, False)
    assert "./leadline up" in sentence(report)


@pytest.mark.parametrize(
    ("status", "ready", "said"),
    [pytest.param(200, True, "is able to work", id="ready"), pytest.param(503, False, "database", id="not-ready")],
)
def test_a_running_stack_is_shown_with_its_addresses_but_not_its_password(
    tmp_path: Path, status: int, ready: bool, said: str
) -> None:
    (tmp_path / "addresses.json").write_text(json.dumps(ADDRESSES))
    report = asked(tmp_path, answering(status, {"database": "away"}))
    assert (report["running"], report["ready"]) == (True, ready)
    assert said in sentence(report)
    assert "http://127.0.0.1:8000" in sentence(report)
    assert "secret" not in json.dumps(report)


DATABASE = "postgresql://h/x"


@pytest.mark.parametrize(
    ("environ", "new", "said"),
    [
        pytest.param({}, True, "password generated-password (shown this once)", id="first-start"),
        pytest.param({}, False, "as shown at the first start", id="later-start"),
        pytest.param({"admin_password": "mine"}, False, "as set in LEADLINE_ADMIN_PASSWORD", id="own-password"),
    ],
)
def test_the_generated_password_is_shown_once(tmp_path: Path, environ: dict[str, str], new: bool, said: str) -> None:
    settings = Settings.model_validate({"database_url": DATABASE, **environ})
    shown = summary(plan(tmp_path, settings, new=new))
    assert f"admin@localhost, {said}" in shown or said in shown
    assert ("generated-password" in shown) is new


def test_up_says_whether_real_phones_ring(tmp_path: Path) -> None:
    settings = Settings(database_url=DATABASE)
    assert "nobody's phone rings" in summary(plan(tmp_path, settings, new=False))
    assert "ring real phones" in summary(plan(tmp_path, settings, new=False, simulated=False))


@pytest.mark.parametrize(
    ("public_url", "simulated", "is_told"),
    [
        pytest.param(None, False, True, id="a-laptop"),
        pytest.param("http://192.168.0.7:8000", False, True, id="a-home-network"),
        pytest.param("https://leads.example.com", False, False, id="a-public-address"),
        pytest.param(None, True, False, id="the-simulator"),
    ],
)
def test_up_says_what_to_do_where_real_webhooks_cannot_arrive(
    tmp_path: Path, public_url: str | None, simulated: bool, is_told: bool
) -> None:
    settings = Settings(database_url=DATABASE, public_url=public_url)
    shown = summary(plan(tmp_path, settings, new=False, simulated=simulated))
    assert ("set LEADLINE_PUBLIC_URL" in shown) is is_told
    assert (f"--url {public_url or 'http://127.0.0.1:8000'}" in shown) is is_told


def test_the_first_check_that_fails_ends_the_tests_with_its_status(capfd: pytest.CaptureFixture[str]) -> None:
    run("Lint", [sys.executable, "-c", ""])
    with pytest.raises(typer.Exit) as ended:
        run("Types", [sys.executable, "-c", "raise SystemExit(7)"])
    assert ended.value.exit_code == 7
    assert "Types failed" in capfd.readouterr().err


def test_every_command_has_a_line_of_help() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "commands", "--help"], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    for command in ("up", "status", "test"):
        assert command in done.stdout


def test_an_impossible_setting_is_one_line_and_status_1() -> None:
    environ = {"LEADLINE_PORT": "eighty", "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [sys.executable, "-m", "commands", "up"], cwd=PROJECT, env=environ, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("LEADLINE_PORT: ")
    assert len(done.stderr.splitlines()) == 1


def test_a_line_is_printed_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    say("API ready")
    assert capsys.readouterr().out == "API ready\n"
