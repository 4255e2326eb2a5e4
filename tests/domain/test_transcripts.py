"""Of what was said in a call the report stands that knows most of it, whichever comes last."""

import itertools
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calls import CallEvent, CallFacts
from domain.transcripts import reach_of

Said = Sequence[tuple[str, str, float]]
"""Of each utterance its role, its words, and the second at which it ends."""

HELLO: Said = [("user", "Hello?", 1.2)]
GREETED: Said = [*HELLO, ("agent", "Good day, is this Ada?", 3.0)]
MISHEARD: Said = [*GREETED, ("user", "No. Stop call", 4.1)]
REVISED: Said = [*GREETED, ("user", "No. Stop calling me, please.", 4.4)]
INTERRUPTED: Said = [*HELLO, ("agent", "Good day, is", 1.9), ("user", "Who is it?", 3.4)]
OVER: Said = [*REVISED, ("agent", "Goodbye.", 5.0)]
IN_ORDER = (HELLO, GREETED, MISHEARD, REVISED, OVER)


def report(said: Said, event: CallEvent = CallEvent.TRANSCRIPT_UPDATED, **more: Any) -> CallFacts:  # noqa: ANN401
    utterances = [{"role": role, "content": content, "words": _timed(content, end)} for role, content, end in said]
    written = "".join(f"{role.capitalize()}: {content}\n" for role, content, _ in said)
    given: dict[str, Any] = {"transcript": written or None, "utterances": utterances}
    return CallFacts(event=event, call_id="call_1", **(given | more))


def _timed(content: str, end: float) -> list[dict[str, Any]]:
    words = content.split()
    return [
        {"word": word, "start": end - (len(words) - place) * 0.2, "end": end - (len(words) - place - 1) * 0.2}
        for place, word in enumerate(words)
    ]


def reach(facts: CallFacts) -> tuple[int, ...]:
    found = reach_of(facts)
    assert found is not None
    return tuple(found)


@pytest.mark.parametrize(("earlier", "later"), list(itertools.pairwise(IN_ORDER)))
def test_what_was_heard_later_goes_further(earlier: Said, later: Said) -> None:
    assert reach(report(earlier)) < reach(report(later))


def test_an_answer_that_was_broken_off_gives_way_to_what_broke_in() -> None:
    """It is shorter than the transcript before it, which had the whole answer."""
    assert reach(report(GREETED)) < reach(report(INTERRUPTED))


@pytest.mark.parametrize("without", ["words", "utterances"])
def test_where_no_word_has_its_seconds_what_is_longer_goes_further(without: str) -> None:
    reports = [report(said) for said in IN_ORDER]
    if without == "words":
        bare = [[{**one, "words": []} for one in facts.utterances or ()] for facts in reports]
        reports = [report(said, utterances=utterances) for said, utterances in zip(IN_ORDER, bare, strict=True)]
    else:
        reports = [report(said, utterances=None) for said in IN_ORDER]
    reaches = [reach(facts) for facts in reports]
    assert reaches == sorted(set(reaches))


def test_what_is_told_of_a_call_that_is_over_goes_further_than_any_running_transcript() -> None:
    ended = report(HELLO, CallEvent.ENDED, ended=True)
    analyzed = report(HELLO, CallEvent.ANALYZED, ended=True, analyzed=True)
    assert reach(report(OVER)) < reach(ended) < reach(analyzed)


def test_an_end_by_which_nobody_said_anything_takes_nothing_back() -> None:
    silent = report([], CallEvent.ANALYZED, ended=True, analyzed=True)
    assert reach(silent) < reach(report(HELLO))


def test_a_report_that_does_not_tell_what_was_said_has_no_reach() -> None:
    assert reach_of(CallFacts(event=CallEvent.STARTED, call_id="call_1")) is None


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(None, id="nothing"),
        pytest.param("soon", id="a-text"),
        pytest.param([None], id="no-word"),
        pytest.param([{"word": "x"}], id="no-end"),
        pytest.param([{"end": "soon"}], id="no-number"),
        pytest.param([{"end": True}], id="a-truth"),
        pytest.param([{"end": float("inf")}], id="never"),
        pytest.param([{"end": -1e300}], id="before-all-time"),
    ],
)
def test_seconds_that_can_be_none_count_as_the_beginning(words: object) -> None:
    odd = report(HELLO, utterances=[{"role": "user", "content": "Hello?", "words": words}])
    assert reach(odd)[1] == 0


def test_no_seconds_reach_beyond_any_call() -> None:
    """Else one wild number would keep every later transcript out, or find no place in its column."""
    wild = report(HELLO, utterances=[{"role": "user", "content": "Hello?", "words": [{"end": 1e300}]}])
    assert max(reach(wild)) < 2**31


SPOKEN = st.lists(
    st.tuples(
        st.sampled_from(("user", "agent")),
        st.text(alphabet="ab \ud800", max_size=4),
        st.floats(0, 3, allow_nan=False).map(lambda end: round(end, 1)),
    ),
    max_size=3,
)


@given(SPOKEN, SPOKEN)
def test_two_reports_that_go_equally_far_tell_the_same_words(one: Said, other: Said) -> None:
    """So that it never matters which of them comes first."""
    first, second = report(one), report(other)
    if reach(first) == reach(second) > (0, 0, 0, 0, 0):
        assert first.transcript == second.transcript
