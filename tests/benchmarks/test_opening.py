"""How the figures of an opening are worked out, and how they stand beside their goals."""

from datetime import UTC, datetime, timedelta

import pytest

from benchmarks.asked import Asked
from benchmarks.opening.busyness import Call, busy_seconds, fairness, most_live
from benchmarks.opening.findings import Findings, report
from benchmarks.opening.scale import FULL, LIVE_CALLS, SHORT, Scale, chosen

BELL = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return BELL + timedelta(seconds=seconds)


def call(begins: float, ends: float | None, campaign: str = "a") -> Call:
    return Call(campaign, at(begins), None if ends is None else at(ends))


def found(calls: list[Call], *, signal_seconds: float = 0.1) -> Findings:
    return Findings(Scale(leads=100, seconds=45), BELL, ["a", "b"], calls, [signal_seconds] * 3, asleep_seconds=10.0)


def full_house(begins: float = 0.0) -> list[Call]:
    return [call(begins, None, "ab"[place % 2]) for place in range(LIVE_CALLS)]


def test_a_call_takes_its_slot_from_its_beginning_to_its_end_within_the_time() -> None:
    calls = [call(-5, 2), call(1, 4), call(8, None), call(20, 21)]
    assert busy_seconds(calls, at(0), at(10)) == 2 + 3 + 2


def test_a_call_that_ends_as_another_begins_leaves_it_its_slot() -> None:
    assert most_live([call(0, 5), call(5, 9), call(6, None)]) == 2


@pytest.mark.parametrize(
    ("b_seconds", "expected"),
    [pytest.param(10, 1.0, id="even"), pytest.param(0, 0.5, id="one-has-all"), pytest.param(5, 0.9, id="half-as-much")],
)
def test_fairness_is_jains_index(b_seconds: float, expected: float) -> None:
    calls = [call(0, 10, "a"), call(0, b_seconds, "b")]
    assert fairness(calls, ["a", "b"], at(0), at(10)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("findings", "met"),
    [
        pytest.param(found(full_house()), [True] * 5, id="all-met"),
        pytest.param(found(full_house(20)), [False, True, True, True, True], id="slots-idle"),
        pytest.param(found([*full_house(), call(9, 10)]), [True, False, True, True, True], id="a-call-too-many"),
        pytest.param(found(full_house(-0.1)), [True, True, False, True, True], id="before-the-bell"),
        pytest.param(found([*full_house()[::2], *full_house()[::2]]), [True, True, True, False, True], id="unfair"),
        pytest.param(found(full_house(), signal_seconds=2.1), [True] * 4 + [False], id="signals-wait"),
    ],
)
def test_each_line_says_whether_its_goal_is_met(findings: Findings, met: list[bool]) -> None:
    assert [line.met for line in report(findings).lines] == met


def test_the_notes_tell_when_the_first_call_began_and_when_the_slots_were_taken() -> None:
    findings = found([call(0.5 + place / 10, None) for place in range(LIVE_CALLS)])
    assert (findings.first_seconds, findings.full_seconds) == pytest.approx((0.5, 10.4))


def test_the_bell_rings_at_a_full_minute_when_all_leads_can_be_asleep() -> None:
    bell = SHORT.bell(BELL + timedelta(seconds=17))
    assert bell.second == 0
    assert bell - (BELL + timedelta(seconds=17)) >= timedelta(seconds=60 + 1_000 / 40)
    assert [sum(scale.sizes()) for scale in (SHORT, FULL)] == [1_000, 10_000]
    assert chosen(Asked(short=True, leads=400)) == Scale(leads=400, seconds=SHORT.seconds)
