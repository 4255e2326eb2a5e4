"""What the commands say to people and programs."""

import subprocess
import sys
from pathlib import Path

import pytest
import typer

from commands.output import harmless, one_line, say
from commands.test import run
from commands.up import summary
from runtime.embedded.home import Home
from runtime.embedded.plan import Plan
from runtime.settings import Settings

PROJECT = Path(__file__).resolve().parents[2]


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


@pytest.mark.parametrize(
    ("written", "whole", "line"),
    [
        pytest.param("Ada \x1b[2J\x07", "Ada \ufffd[2J\ufffd", "Ada \ufffd[2J\ufffd", id="escape-sequences"),
        pytest.param("Ada\x9b1m", "Ada\ufffd1m", "Ada\ufffd1m", id="their-short-form"),
        pytest.param("Ada\nstatus\tdone", "Ada\nstatus\tdone", "Ada status done", id="line-breaks"),
        pytest.param("over\rwritten", "over\ufffdwritten", "over written", id="carriage-return"),
        pytest.param("\u202egnp.exe", "\ufffdgnp.exe", "\ufffdgnp.exe", id="direction"),
        pytest.param("a\u2028b", "a\ufffdb", "a b", id="line-separator"),
        pytest.param("half \ud83d", "half \ufffd", "half \ufffd", id="half-a-character"),
        pytest.param("naïve 日本 👩\u200d🚒", "naïve 日本 👩\u200d🚒", "naïve 日本 👩\u200d🚒", id="all-else"),
    ],
)
def test_nothing_that_others_wrote_steers_the_terminal(written: str, whole: str, line: str) -> None:
    assert (harmless(written), one_line(written)) == (whole, line)
