"""What the stream tells becomes calls that go on, and sentences about what happened."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from commands.tailing.calls import Calls

Json = dict[str, Any]

NOW = datetime(2026, 3, 2, 18, 1, 30, tzinfo=UTC)
STANDING: Json = {
    "id": "a1",
    "status": "in_progress",
    "outcome": None,
    "disposition": None,
    "disconnection_reason": None,
    "phone_number": "+14155550199",
    "started_at": "2026-03-02T18:00:00Z",
    "ended_at": None,
    "duration_seconds": None,
    "flags": [],
}
FLAG = {"phrase": "stop calling", "then": "do_not_call", "said_by": "callee", "utterance": 1, "at": "…"}


def told(kind: str = "call", *, inbound: bool = False, utterances: list[str] | None = None, **standing: object) -> Json:
    event: Json = {
        "type": kind,
        "direction": "inbound" if inbound else "outbound",
        "campaign_id": "c1",
        "attempt": None if inbound else STANDING | standing,
        "inbound": STANDING | standing if inbound else None,
    }
    if utterances is not None:
        event |= {"utterances_from": 0, "utterances": [{"role": "user", "content": one} for one in utterances]}
    return event


@pytest.fixture
def calls() -> Calls:
    return Calls(lambda campaign_id: f"name of {campaign_id}")


@pytest.mark.parametrize(
    ("standing", "says"),
    [
        pytest.param({"status": "granted", "started_at": None}, "granted", id="granted"),
        pytest.param({}, "in progress", id="in-progress"),
        pytest.param({"ended_at": "x", "disconnection_reason": "user_hangup"}, "ended: user hangup", id="ended"),
        pytest.param({"ended_at": "x"}, "ended", id="nobody-knows-how"),
        pytest.param(
            {"status": "done", "outcome": "answered", "disposition": "interested"},
            "done: answered, interested",
            id="decided",
        ),
        pytest.param({"status": "done", "outcome": "refused"}, "done: refused", id="nothing-rang"),
    ],
)
def test_a_change_is_told_in_the_words_of_the_api(calls: Calls, standing: Json, says: str) -> None:
    happening = calls.hear(told(**standing))
    assert happening is not None
    assert happening.what == says


def test_what_changes_nothing_that_people_see_is_not_told_twice(calls: Calls) -> None:
    calls.hear(told())
    assert calls.hear(told(from_number="+12125550102")) is None


def test_a_call_is_there_until_its_end(calls: Calls) -> None:
    calls.hear(told(status="dialling"))
    calls.hear(told("transcript", utterances=["Hello", "Who is it?"]))
    (call,) = calls.going_on
    assert (call.campaign, call.number, call.last_said) == ("name of c1", "→ +14155550199", "person: Who is it?")
    calls.hear(told(ended_at="2026-03-02T18:01:00Z", duration_seconds=60.0))
    assert calls.going_on == []


def test_the_last_words_stay_while_other_things_change(calls: Calls) -> None:
    calls.hear(told(snapshot=True, utterances=["Hello"]))
    calls.hear(told(status="in_progress", outcome="x"))
    assert calls.going_on[0].last_said == "person: Hello"


def test_who_rings_in_has_an_arrow_of_their_own_and_perhaps_no_number(calls: Calls) -> None:
    calls.hear(told(inbound=True, phone_number=None))
    assert calls.going_on[0].number == "← number withheld"


@pytest.mark.parametrize(
    ("standing", "lasts"),
    [
        pytest.param({}, timedelta(seconds=90), id="goes-on"),
        pytest.param({"started_at": None}, None, id="not-begun"),
        pytest.param({"duration_seconds": 12.4}, timedelta(seconds=12.4), id="over"),
        pytest.param({"started_at": "2026-03-02T18:02:00Z"}, timedelta(0), id="clocks-that-differ"),
    ],
)
def test_how_long_a_call_lasts(calls: Calls, standing: Json, lasts: timedelta | None) -> None:
    calls.hear(told(**standing))
    assert calls.going_on[0].lasts(NOW) == lasts


def test_a_wish_not_to_be_called_again_is_told_as_such(calls: Calls) -> None:
    happening = calls.hear(told("flag", flags=[FLAG]) | {"flag": FLAG})
    assert happening is not None
    assert happening.what == "callee said “stop calling”, never to be called again"
    assert calls.going_on[0].flags == ["stop calling"]


def test_speech_is_told_apart_from_all_else(calls: Calls) -> None:
    happening = calls.hear(told("transcript", utterances=["Hello", "Yes"]))
    assert happening is not None
    assert (happening.what, happening.is_speech) == ("person: Hello / person: Yes", True)


def test_who_begins_anew_forgets_what_was_and_who_resumes_does_not(calls: Calls) -> None:
    calls.hear(told())
    assert calls.hear({"type": "begin", "resumed": True}) is None
    assert len(calls.going_on) == 1
    calls.hear({"type": "begin", "resumed": False})
    assert calls.going_on == []


def test_kinds_that_nobody_knows_yet_are_passed_over(calls: Calls) -> None:
    assert calls.hear({"type": "weather", "rain": True}) is None
    assert calls.hear(told("weather")) is None
