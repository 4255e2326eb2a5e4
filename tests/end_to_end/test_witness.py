"""The judge of the fault experiments itself: it must see what it is there to see."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.end_to_end.experiment import percentile
from tests.end_to_end.witness import Attempt, Evidence, Rules

RULES = Rules(most_attempts=2, pause_ms=1_000, most_live=20)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)

BUSY: dict[str, Any] = {
    "call_id": "call_1",
    "metadata": {"attempt_id": "a1"},
    "idempotency_key": "a1",
    "to_number": "+12125550123",
    "scenario": "busy",
    "replays": 0,
    "accepted_ms": 10_000,
    "ended_ms": 11_000,
}
ANSWERED = {
    **BUSY,
    "call_id": "call_2",
    "metadata": {"attempt_id": "a2"},
    "idempotency_key": "a2",
    "scenario": "answer",
    "accepted_ms": 12_000,
    "ended_ms": 14_000,
}
FIRST = Attempt(
    attempt_id="a1",
    lead_id="lead",
    number=1,
    status="done",
    outcome="busy",
    counts=True,
    call_id="call_1",
    created_at=NOON,
    settled_at=NOON,
)
SECOND = replace(FIRST, attempt_id="a2", number=2, outcome="answered", call_id="call_2")


def test_a_life_as_it_should_be_is_not_objected_to() -> None:
    refused = replace(FIRST, attempt_id="a0", outcome="refused", counts=False, call_id=None)
    evidence = Evidence([BUSY, ANSWERED], [refused, FIRST, SECOND], most_live=20, faults={})
    assert evidence.violations(RULES) == []


@pytest.mark.parametrize(
    ("calls", "attempts", "objection"),
    [
        pytest.param([BUSY, {**BUSY, "accepted_ms": 13_000}], [FIRST], "a1 was called 2 times", id="double"),
        pytest.param([{**BUSY, "idempotency_key": "k"}], [FIRST], "under the key k", id="key"),
        pytest.param([BUSY, {**ANSWERED, "accepted_ms": 10_900}], [FIRST, SECOND], "live at once", id="overlap"),
        pytest.param([{**BUSY, "ended_ms": None}, ANSWERED], [FIRST, SECOND], "live at once", id="never-ended"),
        pytest.param([BUSY, {**ANSWERED, "accepted_ms": 11_900}], [FIRST, SECOND], "900 ms after", id="too-soon"),
        pytest.param([{**BUSY, "scenario": "answer"}, ANSWERED], [FIRST, SECOND], "settled the lead", id="answered"),
        pytest.param([BUSY], [], "no attempt a1 is known", id="unknown-call"),
        pytest.param([BUSY], [replace(FIRST, call_id="call_9")], "not call_1", id="another-call"),
        pytest.param([BUSY], [replace(FIRST, counts=False)], "closed as not rung", id="rang-after-all"),
        pytest.param([], [FIRST], "took no call", id="never-rang"),
        pytest.param([], [replace(FIRST, status="unconfirmed", counts=None)], "still unconfirmed", id="open"),
        pytest.param(
            [BUSY, ANSWERED],
            [FIRST, SECOND, replace(FIRST, attempt_id="a3")],
            "had 3 attempts, not 2 at most",
            id="too-many",
        ),
    ],
)
def test_whatever_must_not_happen_is_seen(calls: list[dict[str, Any]], attempts: list[Attempt], objection: str) -> None:
    found = Evidence(calls, attempts, most_live=20, faults={}).violations(RULES)
    assert any(objection in sentence for sentence in found), found


def test_more_live_calls_than_there_are_slots_are_seen() -> None:
    evidence = Evidence([], [], most_live=21, faults={})
    assert evidence.violations(RULES) == ["21 calls were live at once, not 20 at most"]


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [
        pytest.param([], 50, 0, id="none"),
        pytest.param([7.0], 99, 7, id="one"),
        pytest.param([4.0, 1.0, 3.0, 2.0], 50, 2, id="half"),
        pytest.param([float(n) for n in range(1, 201)], 99, 198, id="two-of-two-hundred-may-be-later"),
    ],
)
def test_a_percentile_is_one_of_the_values(values: list[float], percent: float, expected: float) -> None:
    assert percentile(values, percent) == expected
