"""Reports move an attempt forward, in any order and however often."""

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from domain.calls import CallEvent, CallFacts
from domain.progress import ANALYSIS_WAIT, AttemptState, progress
from domain.vocabulary import AttemptOutcome, AttemptStatus

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
BEGUN = NOON - timedelta(minutes=2)

STARTED = CallFacts(event=CallEvent.STARTED, call_id="call_1", provider_status="ongoing", started_at=BEGUN)
ENDED = CallFacts(
    event=CallEvent.ENDED,
    call_id="call_1",
    provider_status="registered",
    ended=True,
    disconnection_reason="user_hangup",
    started_at=BEGUN,
    ended_at=BEGUN + timedelta(minutes=1),
    transcript="Agent: Hello\n",
    duration_ms=60_000,
)
ANALYZED = CallFacts(
    event=CallEvent.ANALYZED,
    call_id="call_1",
    provider_status="ended",
    ended=True,
    analyzed=True,
    disconnection_reason="user_hangup",
    started_at=BEGUN,
    ended_at=BEGUN + timedelta(minutes=1),
    transcript="Agent: Hello\n",
    duration_ms=60_000,
    analysis={"summary": "A talk.", "in_voicemail": False},
    cost_cents=Decimal(12),
)


def live_through(reports: Sequence[CallFacts]) -> dict[str, Any]:
    """The row after these reports, kept as the storage keeps it."""
    row: dict[str, Any] = {"status": AttemptStatus.DIALLING}
    for facts in reports:
        state = AttemptState(
            status=row["status"],
            ended_at=row.get("ended_at"),
            analyzed_at=row.get("analyzed_at"),
            disconnection_reason=row.get("disconnection_reason"),
        )
        step = progress(state, facts, now=NOON)
        row |= step.changes
        row |= {name: value for name, value in step.missing.items() if row.get(name) is None}
        if step.settled is not None:
            row |= {"status": AttemptStatus.DONE, "outcome": step.settled.outcome, "look_up_at": None}
    return row


@pytest.mark.parametrize(
    "order",
    [
        *itertools.permutations([STARTED, ENDED, ANALYZED]),
        *itertools.permutations([STARTED, ENDED, ANALYZED, ENDED]),
        *itertools.permutations([STARTED, ENDED, ANALYZED, ANALYZED]),
    ],
)
def test_every_order_and_repeat_leads_to_the_same_row(order: Sequence[CallFacts]) -> None:
    assert live_through(order) == live_through([STARTED, ENDED, ANALYZED])


def test_the_analysis_settles_and_the_end_alone_does_not() -> None:
    ended = live_through([STARTED, ENDED])
    assert (ended["status"], ended["slot_released_at"]) == (AttemptStatus.IN_PROGRESS, NOON)
    assert live_through([ENDED, ANALYZED])["outcome"] is AttemptOutcome.ANSWERED


@pytest.mark.parametrize(
    ("ended_ago", "settles"),
    [
        pytest.param(ANALYSIS_WAIT - timedelta(seconds=1), False, id="the-analysis-may-still-come"),
        pytest.param(ANALYSIS_WAIT, True, id="it-has-had-its-time"),
    ],
)
def test_a_looked_up_call_is_settled_without_analysis_after_a_minute(ended_ago: timedelta, settles: bool) -> None:
    looked_up = CallFacts(
        event=CallEvent.LOOKED_UP,
        call_id="call_1",
        ended=True,
        ended_at=NOON - ended_ago,
        disconnection_reason="dial_no_answer",
    )
    step = progress(AttemptState(status=AttemptStatus.IN_PROGRESS), looked_up, now=NOON)
    assert (step.settled is not None) is settles


def test_late_facts_fill_in_what_is_missing_and_never_undo() -> None:
    settled = live_through([ANALYZED])
    late = live_through([ANALYZED, STARTED, ENDED])
    assert late == settled
    assert late["provider_status"] == "ended"


def test_a_running_transcript_after_the_end_changes_nothing() -> None:
    running = CallFacts(event=CallEvent.TRANSCRIPT_UPDATED, call_id="call_1", transcript="Agent: He")
    assert live_through([STARTED, ENDED, running])["transcript"] == "Agent: Hello\n"
