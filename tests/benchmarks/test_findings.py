"""How the figures of the lives stand beside their goals."""

import pytest

from benchmarks.asked import Asked
from benchmarks.lives.findings import Findings, Round, report
from benchmarks.lives.lateness import Lateness
from benchmarks.lives.scale import FULL, SHORT, WARM_UP, Scale, chosen
from benchmarks.lives.system import Webhooks

WEBHOOKS = Webhooks(taken=1_540, sent_again=79)


def found(*, whole_seconds: float = 30.0, late: float = 0.05, cron: float = 30.0) -> Findings:
    lateness = Lateness(from_row=[late, late], from_post=[late + 0.01, late + 0.01])
    return Findings([Round(400, 20.0, whole_seconds, 40.0)], lateness, [cron, cron], 60.0, WEBHOOKS)


@pytest.mark.parametrize(
    ("findings", "met"),
    [
        pytest.param(found(), [True, True, True, True], id="all-met"),
        pytest.param(found(whole_seconds=34.0), [False, True, True, True], id="too-few-lives"),
        pytest.param(found(late=0.16), [True, False, True, True], id="late-but-within-a-second"),
        pytest.param(found(late=1.1, cron=200.0), [True, False, False, True], id="later-than-a-second"),
        pytest.param(found(cron=4.9), [True, True, True, False], id="hardly-better-than-the-cron-job"),
    ],
)
def test_each_line_says_whether_its_goal_is_met(findings: Findings, met: list[bool]) -> None:
    assert [line.met for line in report(findings).lines] == met


def test_rounds_count_by_their_lives_and_each_is_shown() -> None:
    findings = Findings(
        [Round(100, 5.0, 10.0, 20.0), Round(300, 15.0, 30.0, 60.0)], found().lateness, [1.0, 1.0], 60.0, WEBHOOKS
    )
    whole = findings.in_all()
    assert (whole.bare_per_second, whole.whole_per_second, whole.share) == pytest.approx((20.0, 40 / 4, 0.5))
    told = report(findings)
    assert [one["lives"] for one in told.figures["rounds"]] == [100, 300]
    assert [note.startswith(f"Round {number},") for number, note in enumerate(told.notes[:2], start=1)] == [True, True]


def test_the_figures_say_what_the_lines_say() -> None:
    figures = report(found()).figures
    assert figures["lives"]["share"] == pytest.approx(2 / 3)
    assert figures["lateness"]["p50_seconds"] == pytest.approx(0.05)
    assert figures["lateness_from_post"]["p50_seconds"] == pytest.approx(0.06)
    assert figures["webhooks"] == {"taken": 1_540, "sent_again": 79}
    assert figures["times_less_late"] == pytest.approx({"p50": 600.0, "mean": 600.0})


@pytest.mark.parametrize(
    ("asked", "scale"),
    [
        pytest.param(Asked(), FULL, id="full"),
        pytest.param(Asked(short=True), SHORT, id="short"),
        pytest.param(Asked(short=True, leads=7, poll_seconds=2.0), Scale(1, 7, 7, 1, 2.0), id="tiny"),
    ],
)
def test_the_scale_is_the_one_that_was_asked_for(asked: Asked, scale: Scale) -> None:
    assert chosen(asked) == scale


def test_nobody_is_called_twice_in_a_run() -> None:
    assert FULL.polled_leads == 1_200
    assert FULL.calls == WARM_UP + 4 * 400 + 600 + 1_200
