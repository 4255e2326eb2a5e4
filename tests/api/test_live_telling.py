"""What is told of calls, turn by turn: only what is new to those who have heard the rest."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from api.live_telling import Narrator
from storage.live_calls import LiveCall

FLAG = {"phrase": "stop", "then": "flag", "said_by": "callee", "utterance": 0, "at": "2026-05-04T12:30:00Z"}


def call(*said: str, **fields: object) -> LiveCall:
    values: dict[str, Any] = {
        "id": UUID(int=7),
        "direction": "outbound",
        "organization_id": UUID(int=1),
        "lead_id": UUID(int=2),
        "campaign_id": UUID(int=3),
        "call_id": "call_1",
        "number": 1,
        "status": "in_progress",
        "outcome": None,
        "disposition": None,
        "disconnection_reason": None,
        "from_number": "+12125550101",
        "to_number": "+13125550123",
        "started_at": datetime(2026, 3, 2, 18, 0, tzinfo=UTC),
        "ended_at": None,
        "duration_ms": None,
        "flags": [],
        "said": [("user", content) for content in said],
    }
    return LiveCall(**(values | fields))


def told(narrator: Narrator, turn: int, calls: LiveCall, *kinds: str, listens_since: int = 1) -> list[dict[str, Any]]:
    tellings = narrator.tell({calls.id: set(kinds)}, [calls], turn)
    return [json.loads(telling.written(listens_since=listens_since)) for telling in tellings]


def test_who_came_later_gets_the_whole_once_and_then_only_what_is_new() -> None:
    narrator = Narrator()
    narrator.tell({UUID(int=7): {"transcript"}}, [call("a")], 1)
    (telling,) = narrator.tell({UUID(int=7): {"transcript"}}, [call("a", "b")], 2)
    early, late = (json.loads(telling.written(listens_since=since)) for since in (1, 2))
    assert (early["utterances_from"], len(early["utterances"])) == (1, 1)
    assert (late["utterances_from"], len(late["utterances"])) == (0, 2)
    (telling,) = narrator.tell({UUID(int=7): {"transcript"}}, [call("a", "b", "c")], 3)
    assert json.loads(telling.written(listens_since=2))["utterances_from"] == 2


def test_a_transcript_that_says_nothing_new_is_not_told_and_one_that_is_cut_back_is() -> None:
    narrator = Narrator()
    assert len(told(narrator, 1, call("a", "b"), "transcript")) == 1
    assert told(narrator, 2, call("a", "b"), "transcript") == []
    (event,) = told(narrator, 3, call("a"), "transcript")
    assert (event["utterances_from"], event["utterances"]) == (1, [])


def test_a_change_of_state_says_nothing_of_the_transcript_and_does_not_forget_it() -> None:
    narrator = Narrator()
    told(narrator, 1, call("a"), "transcript")
    (event,) = told(narrator, 2, call(said=None, status="in_progress"), "call")
    assert (event["type"], "utterances" in event) == ("call", False)
    (event,) = told(narrator, 3, call("a", "b"), "transcript")
    assert event["utterances_from"] == 1


def test_each_flag_is_told_once() -> None:
    narrator = Narrator()
    other = FLAG | {"phrase": "Acme"}
    assert [event["flag"]["phrase"] for event in told(narrator, 1, call(flags=[FLAG]), "flag")] == ["stop"]
    assert [event["flag"]["phrase"] for event in told(narrator, 2, call(flags=[FLAG, other]), "flag")] == ["Acme"]


def test_calls_are_told_in_the_order_of_their_changes_and_gone_ones_not_at_all() -> None:
    first, second, gone = call(id=UUID(int=9)), call(id=UUID(int=8)), uuid4()
    kinds = {first.id: {"call"}, gone: {"call"}, second.id: {"call"}}
    tellings = Narrator().tell(kinds, [second, first], 1)
    assert [telling.call.id for telling in tellings] == [first.id, second.id]


def test_what_was_told_of_a_call_that_is_done_is_forgotten() -> None:
    narrator = Narrator()
    told(narrator, 1, call("a", status="done"), "transcript")
    (event,) = told(narrator, 2, call("a", "b"), "transcript")
    assert event["utterances_from"] == 0


def test_of_more_calls_than_can_be_remembered_the_oldest_are_told_whole_again() -> None:
    narrator = Narrator(remembers=1)
    for number in (1, 2):
        told(narrator, number, replace(call("a"), id=UUID(int=number)), "transcript")
    assert told(narrator, 3, replace(call("a", "b"), id=UUID(int=2)), "transcript")[0]["utterances_from"] == 1
    assert told(narrator, 4, replace(call("a", "b"), id=UUID(int=1)), "transcript")[0]["utterances_from"] == 0


@given(st.lists(st.lists(st.sampled_from(["a", "b", "c"]), max_size=6), max_size=12), st.integers(1, 12))
def test_whoever_does_what_the_events_say_has_the_transcript(transcripts: list[list[str]], joins: int) -> None:
    """A listener that joins before turn ``joins`` is shown how things stand, and then applies every event."""
    narrator = Narrator()
    has: list[str] | None = None
    for turn, transcript in enumerate(transcripts, 1):
        if turn == joins:
            has = list(transcripts[turn - 2]) if turn > 1 else []
        for event in told(narrator, turn, call(*transcript), "transcript", listens_since=joins):
            if has is not None:
                has[event["utterances_from"] :] = [utterance["content"] for utterance in event["utterances"]]
        assert has is None or has == transcript
