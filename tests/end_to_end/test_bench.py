"""``./leadline bench`` with tiny numbers, in a process of its own: it measures, and leaves nothing behind."""

import json
from pathlib import Path

import pytest

from runtime.embedded.postgres import base_for
from tests.end_to_end.conftest import Launch

LEADS = 12
POLL_SECONDS = 2
TINY = ("bench", "lives", "--short", "--leads", str(LEADS), "--poll-seconds", str(POLL_SECONDS))

# Named, but never asked: whatever were sent there would be refused.
REAL = {"RETELL_API_KEY": "key_real", "RETELL_BASE_URL": "http://127.0.0.1:9"}

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(300)]


def left_behind(home: Path) -> list[str]:
    return [path.name for path in home.iterdir() if path.name != "output.txt"]


def test_lives_are_measured_and_a_signal_ends_it_in_order(launch: Launch) -> None:
    interrupted = launch(*TINY, **REAL)
    try:
        interrupted.wait_for("API ready")
        (home,) = interrupted.state.glob("bench-*")
        base = base_for(home)
        assert base.exists()
        assert interrupted.stop() == 130, interrupted.output
        assert (left_behind(interrupted.state), base.exists()) == ([], False)
    finally:
        interrupted.process.kill()

    measured = launch(*TINY, "--json", **REAL)
    try:
        assert measured.ended() == 0, measured.output
    finally:
        measured.process.kill()
    assert left_behind(measured.state) == []
    told = json.loads(measured.output[measured.output.index("\n{\n") :])["lives"]["figures"]
    assert [one["lives"] for one in told["rounds"]] == [LEADS]
    assert told["lives"]["bare_per_second"] > 0
    assert told["lives"]["whole_per_second"] > 0
    assert told["lateness"]["count"] == LEADS
    assert told["lateness"]["p50_seconds"] > 0
    assert told["cron_job"]["count"] == POLL_SECONDS * 10
    assert told["cron_job"]["mean_seconds"] > POLL_SECONDS / 2


def test_a_small_campaign_is_steered_and_measured(launch: Launch) -> None:
    measured = launch("bench", "steering", "--short", "--leads", "200", "--json", **REAL)
    try:
        assert measured.ended() == 0, measured.output
    finally:
        measured.process.kill()
    assert left_behind(measured.state) == []
    told = json.loads(measured.output[measured.output.index("\n{\n") :])["steering"]["figures"]
    assert [one["what"] for one in told["begun"]] == ["Launch", "Resume", "Start", "Reopened windows"]
    assert [one["late_gates"] for one in told["ended"]] == [0, 0, 0, 0]
    assert told["calls"] > 0
    assert told["further_signals"] < told["leads"]


def test_webhooks_are_measured_beside_the_bare_route(launch: Launch) -> None:
    measured = launch("bench", "webhook", "--short", "--leads", "12", "--json", **REAL)
    try:
        assert measured.ended() == 0, measured.output
    finally:
        measured.process.kill()
    assert left_behind(measured.state) == []
    told = json.loads(measured.output[measured.output.index("\n{\n") :])["webhook"]["figures"]
    assert (told["even"]["bare"]["count"], told["even"]["whole"]["count"]) == (12 * 7, 12 * 7)
    assert told["kept"] == 3 * 12 * 3
    assert (told["heard"]["count"], told["forged"]["count"]) == (12 * 4, 12 * 7)
    assert told["rush"]["share"] > 0
