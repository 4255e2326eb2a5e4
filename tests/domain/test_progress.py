"""Reports of one call, in any order and however often, lead to the same facts."""

import itertools
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calls import CallEvent, CallFacts
from domain.outcomes import SettledOutcome
from domain.progress import ANALYSIS_WAIT, CLOCKS_DIFFER_BY, AttemptState, progress
from domain.vocabulary import AttemptOutcome, AttemptStatus

BEGAN = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)
HUNG_UP = BEGAN + timedelta(seconds=30)
HEARD = BEGAN + timedelta(seconds=40)

LIVE: Mapping[str, Any] = {"agent_id": "agent_1", "agent_version": 3, "started_at": BEGAN}
OVER: Mapping[str, Any] = {
    **LIVE,
    "ended": True,
    "provider_status": "ended",
    "ended_at": HUNG_UP,
    "disconnection_reason": "user_hangup",
    "duration_ms": 30_000,
    "transcript": "Agent: Hello\nUser: Hello",
    "cost_cents": 12,
}


def facts(event: CallEvent, known: Mapping[str, Any] = LIVE, **more: Any) -> CallFacts:  # noqa: ANN401
    return CallFacts(event=event, call_id="call_1", **{**known, **more})


STARTED = facts(CallEvent.STARTED, provider_status="ongoing")
TRANSCRIPT = facts(CallEvent.TRANSCRIPT_UPDATED, transcript="Agent: Hel")
TRANSFER = facts(CallEvent.TRANSFER_STARTED, transfer_destination="+12125550188")
BRIDGED = facts(CallEvent.TRANSFER_BRIDGED, transfer_destination="+12125550188")
CANCELLED = facts(CallEvent.TRANSFER_CANCELLED, transfer_destination="+12125550188")
ENDED = facts(CallEvent.ENDED, OVER)
ANALYZED = facts(CallEvent.ANALYZED, OVER, analyzed=True, analysis={"summary": "A short talk."})
PLACED = CallFacts(event=CallEvent.LOOKED_UP, call_id="call_1", agent_id="agent_1", agent_version=3)
SEEN_LIVE = facts(CallEvent.LOOKED_UP, provider_status="ongoing")
SEEN_OVER = facts(CallEvent.LOOKED_UP, OVER)
ALL = (STARTED, TRANSCRIPT, TRANSFER, ENDED, ANALYZED, PLACED, SEEN_LIVE, SEEN_OVER)

_DECIDE = ("sent_at", "ended_at", "analyzed_at", "disconnection_reason", "outcome", "transcript_reach")


class Attempt:
    """A row that reports are applied to, as the storage does it."""

    def __init__(self, **columns: Any) -> None:  # noqa: ANN401
        self.columns: dict[str, Any] = {"status": AttemptStatus.DIALLING} | columns
        self.settled: list[SettledOutcome] = []

    def hear(self, report: CallFacts, now: datetime = HEARD) -> "Attempt":
        known: dict[str, Any] = {name: self.columns.get(name) for name in _DECIDE}
        known["transfers"] = self.columns.get("transfers") or ()
        step = progress(AttemptState(status=self.columns["status"], **known), report, now=now)
        self.columns |= step.changes
        self.columns |= {
            name: value for name, value in step.missing.items() if value is not None and self.columns.get(name) is None
        }
        if step.settled is not None:
            self.settled.append(step.settled)
            self.columns |= {"status": AttemptStatus.DONE, "look_up_at": None, "outcome": step.settled.outcome}
        return self

    def hear_all(self, reports: Sequence[CallFacts]) -> "Attempt":
        for report in reports:
            self.hear(report)
        return self


FINAL = Attempt().hear_all((STARTED, TRANSFER, ENDED, ANALYZED))


@pytest.mark.parametrize("order", list(itertools.permutations((STARTED, TRANSFER, ENDED, ANALYZED))))
def test_every_order_of_a_calls_events_gives_the_same_facts(order: Sequence[CallFacts]) -> None:
    heard = Attempt().hear_all(order)
    assert heard.columns == FINAL.columns
    assert [settled.outcome for settled in heard.settled] == [AttemptOutcome.ANSWERED]


@pytest.mark.parametrize(("last", "outcome"), [(BRIDGED, "transferred"), (CANCELLED, "transfer_cancelled")])
@pytest.mark.parametrize("with_analysis", [True, False], ids=["analyzed", "looked-up"])
def test_how_a_call_was_put_through_counts_in_every_order(last: CallFacts, outcome: str, with_analysis: bool) -> None:
    """It is the one thing that a settled attempt still learns of its outcome."""
    end = ANALYZED if with_analysis else SEEN_OVER
    finals = []
    for order in itertools.permutations((TRANSFER, last, ENDED, end, end)):
        heard = Attempt()
        for report in order:
            heard.hear(report, HUNG_UP + ANALYSIS_WAIT)
        if len(heard.settled) == 1:
            finals.append(heard.columns | {"transfers": {event["event"] for event in heard.columns["transfers"]}})
    assert {final["outcome"] for final in finals} == {outcome}
    assert all(final == finals[0] for final in finals)
    assert len(finals) == 120


@given(st.lists(st.sampled_from(ALL), max_size=12), st.permutations((STARTED, TRANSFER, ENDED, ANALYZED)))
def test_nor_do_repeats_and_look_ups_in_between_change_anything(
    more: Sequence[CallFacts], order: Sequence[CallFacts]
) -> None:
    mixed = [report for pair in itertools.zip_longest(order, more) for report in pair if report is not None]
    heard = Attempt().hear_all(mixed)
    assert heard.columns == FINAL.columns
    assert len(heard.settled) == 1


@given(st.lists(st.sampled_from(ALL), min_size=1, max_size=12))
def test_states_move_forward_only_and_the_end_and_its_slot_are_never_taken_back(reports: Sequence[CallFacts]) -> None:
    attempt = Attempt()
    order = list(AttemptStatus)
    for report in reports:
        before = dict(attempt.columns)
        attempt.hear(report)
        assert order.index(attempt.columns["status"]) >= order.index(before["status"])
        for column in ("started_at", "ended_at", "slot_released_at", "analyzed_at", "call_id", "analysis"):
            assert before.get(column) in (None, attempt.columns.get(column))


def spoken(words: str, seconds: float, event: CallEvent = CallEvent.TRANSCRIPT_UPDATED, **more: Any) -> CallFacts:  # noqa: ANN401
    said = [{"role": "user", "content": words, "words": [{"word": "x", "end": seconds}]}]
    return facts(event, transcript=f"User: {words}", utterances=said, **more)


RUNNING = (spoken("Who", 1.0), spoken("Who is", 1.5), spoken("Who is it?", 2.0))


@given(
    st.lists(st.sampled_from(RUNNING), max_size=4),
    st.permutations((*RUNNING, facts(CallEvent.ENDED, OVER, transcript=None))),
)
def test_a_running_transcript_is_never_replaced_by_one_that_knows_less(
    repeats: Sequence[CallFacts], order: Sequence[CallFacts]
) -> None:
    """However the reports come, and also where the end of the call doesn't tell what was said in it."""
    heard = Attempt()
    for number, report in enumerate((*order, *repeats), start=1):
        heard.hear(report)
        said = [one for one in (*order, *repeats)[:number] if one.transcript is not None]
        longest = max((one.transcript or "" for one in said), key=len, default=None)
        assert heard.columns.get("transcript") == longest
    assert heard.columns["utterances"] == RUNNING[-1].utterances


@pytest.mark.parametrize(
    ("report", "takes_its_place"),
    [
        pytest.param(RUNNING[-1], False, id="running"),
        pytest.param(facts(CallEvent.ENDED, OVER), True, id="ended"),
        pytest.param(ANALYZED, True, id="analyzed"),
    ],
)
def test_what_was_written_before_its_reach_was_gives_way_to_a_call_that_is_over(
    report: CallFacts, takes_its_place: bool
) -> None:
    """As migration ``2026_11_29_running_transcripts`` leaves it."""
    ended = Attempt(transcript="Agent: Hi", transcript_reach=[1], ended_at=HUNG_UP)
    assert (ended.hear(report).columns["transcript"] != "Agent: Hi") is takes_its_place


def test_what_is_known_of_the_words_is_of_one_report() -> None:
    """An account that keeps nothing personal tells at the end what was scrubbed, and no plain text."""
    scrubbed = [{"role": "user", "content": "[PERSON] speaking"}]
    end = facts(CallEvent.ENDED, OVER, transcript=None, utterances=scrubbed)
    columns = Attempt().hear(spoken("Ada speaking", 1.0)).hear(end).columns
    assert (columns["transcript"], columns["utterances"]) == (None, scrubbed)


@pytest.mark.parametrize(
    ("after", "settles"),
    [
        pytest.param(ANALYSIS_WAIT - timedelta(seconds=1), False, id="the-analysis-may-still-come"),
        pytest.param(ANALYSIS_WAIT, True, id="waited-long-enough"),
    ],
)
def test_an_ended_call_without_analysis_is_settled_by_a_look_up_a_minute_later(after: timedelta, settles: bool) -> None:
    attempt = Attempt().hear(ENDED)
    attempt.hear(ENDED, HUNG_UP + after)
    assert not attempt.settled, "a webhook says nothing about how long one has waited"
    attempt.hear(SEEN_OVER, HUNG_UP + after)
    assert bool(attempt.settled) is settles


def test_an_end_frees_the_slot_when_it_is_heard_and_asks_for_a_look_a_minute_later() -> None:
    columns = Attempt().hear(ENDED).columns
    assert (columns["ended_at"], columns["slot_released_at"]) == (HUNG_UP, HEARD)
    assert columns["look_up_at"] == HEARD + ANALYSIS_WAIT


@pytest.mark.parametrize("said", [None, HEARD + timedelta(hours=5)], ids=["no-end-given", "an-end-in-the-future"])
def test_a_call_never_ends_later_than_it_was_heard_to_have_ended(said: datetime | None) -> None:
    ended = facts(CallEvent.ENDED, OVER, ended_at=said)
    assert Attempt().hear(ended).columns["ended_at"] == HEARD


@pytest.mark.parametrize(
    ("said", "known"),
    [
        pytest.param(BEGAN - CLOCKS_DIFFER_BY, BEGAN - CLOCKS_DIFFER_BY, id="by-a-clock-that-is-slow"),
        pytest.param(BEGAN - CLOCKS_DIFFER_BY - timedelta(seconds=1), HEARD, id="before-it-was-dialled"),
        pytest.param(datetime(2001, 9, 9, tzinfo=UTC), HEARD, id="in-another-century"),
    ],
)
def test_a_call_did_not_end_before_it_was_dialled(said: datetime, known: datetime) -> None:
    """The pause before the next call is counted from its end."""
    attempt = Attempt(sent_at=BEGAN).hear(facts(CallEvent.ENDED, OVER, ended_at=said))
    assert attempt.columns["ended_at"] == known


def test_a_settled_attempt_keeps_its_outcome_and_takes_what_it_lacks() -> None:
    unknown = Attempt(status=AttemptStatus.DONE, disconnection_reason=None)
    unknown.hear(ANALYZED)
    assert unknown.settled == []
    assert unknown.columns["status"] is AttemptStatus.DONE
    assert (unknown.columns["call_id"], unknown.columns["ended_at"]) == ("call_1", HUNG_UP)
    assert unknown.columns["analysis"] == {"summary": "A short talk."}


def test_what_only_a_late_report_knows_is_kept() -> None:
    bare = facts(CallEvent.ANALYZED, ended=True, analyzed=True, analysis={"summary": "A short talk."})
    columns = Attempt().hear_all((bare, ENDED, TRANSFER)).columns
    assert (columns["cost_cents"], columns["transfer_destination"]) == (12, "+12125550188")


def test_the_reason_of_the_end_counts_where_the_analysis_gives_none() -> None:
    silent = facts(CallEvent.ANALYZED, ended=True, analyzed=True)
    attempt = Attempt().hear(facts(CallEvent.ENDED, OVER, disconnection_reason="voicemail_reached")).hear(silent)
    assert [settled.outcome for settled in attempt.settled] == [AttemptOutcome.VOICEMAIL]
