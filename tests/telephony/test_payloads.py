import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from domain.calls import CallEvent
from telephony.payloads import (
    MalformedCall,
    parse_call,
    parse_webhook,
)

ATTEMPT = "6f1d3c1e-5b0a-5f6e-9a56-0c7d6a3a1b11"
CALL: dict[str, Any] = {
    "call_id": "call_5a82f0a43ea0977566b1104fcfc",
    "call_type": "phone_call",
    "call_status": "ended",
    "direction": "outbound",
    "agent_id": "agent_oBeDLo",
    "agent_version": 3,
    "from_number": "+12125550100",
    "to_number": "+13125550142",
    "metadata": {"attempt_id": ATTEMPT, "lead_id": "x"},
    "start_timestamp": 1_772_463_600_123,
    "end_timestamp": 1_772_463_642_623,
    "duration_ms": 42_500,
    "disconnection_reason": "user_hangup",
    "transcript": "Agent: Hi\nUser: Hello",
    "transcript_object": [
        {"role": "agent", "content": "Hi", "words": [{"word": "Hi", "start": 0.1, "end": 0.4}]},
        {"role": "user", "content": "Hello", "words": []},
    ],
    "recording_url": "https://recordings.example.com/1.wav",
    "latency": {"e2e": {"p50": 800, "num": 2, "values": [700, 900]}, "llm": {"p50": 300.5}},
    "call_cost": {"combined_cost": 10.5, "product_costs": []},
    "call_analysis": {
        "call_summary": "They talked.",
        "in_voicemail": False,
        "user_sentiment": "Positive",
        "call_successful": True,
        "custom_analysis_data": {"budget": 5_000},
    },
}


def webhook(event: str = "call_analyzed", call: object = CALL, **beside: object) -> bytes:
    return json.dumps({"event": event, "call": call, **beside}).encode()


def test_a_full_call_is_read_field_by_field() -> None:
    facts = parse_webhook(webhook())

    assert facts.event is CallEvent.ANALYZED
    assert facts.call_id == "call_5a82f0a43ea0977566b1104fcfc"
    assert facts.attempt_id == UUID(ATTEMPT)
    assert facts.provider_status == "ended"
    assert facts.disconnection_reason == "user_hangup"
    assert (facts.agent_id, facts.agent_version) == ("agent_oBeDLo", 3)
    assert (facts.from_number, facts.to_number) == ("+12125550100", "+13125550142")
    assert facts.started_at == datetime(2026, 3, 2, 15, 0, 0, 123_000, tzinfo=UTC)
    assert facts.ended_at == datetime(2026, 3, 2, 15, 0, 42, 623_000, tzinfo=UTC)
    assert facts.duration_ms == 42_500
    assert facts.transcript == "Agent: Hi\nUser: Hello"
    assert facts.utterances == CALL["transcript_object"]
    assert facts.recording_url == "https://recordings.example.com/1.wav"
    assert facts.cost_cents == Decimal("10.5")
    assert facts.latency == {"e2e": {"p50": 800, "num": 2}, "llm": {"p50": 300.5}}
    assert facts.transfer_destination is None


def test_the_analysis_is_told_in_our_words() -> None:
    assert parse_webhook(webhook()).analysis == {
        "summary": "They talked.",
        "in_voicemail": False,
        "sentiment": "Positive",
        "successful": True,
        "custom": {"budget": 5_000},
    }


def test_of_a_call_of_which_only_the_id_is_known_everything_else_is_absent() -> None:
    facts = parse_webhook(webhook("call_started", {"call_id": "call_1"}))
    rest = ("event", "call_id", "ended", "analyzed")

    assert {getattr(facts, name) for name in facts.__slots__ if name not in rest} == {None}


@pytest.mark.parametrize(
    ("event", "status", "ended", "analyzed"),
    [
        pytest.param("call_started", "ended", False, False, id="late-call-started"),
        pytest.param("call_ended", "registered", True, False, id="ended-whatever-its-status-says"),
        pytest.param("call_analyzed", "ongoing", True, True, id="analyzed-whatever-its-status-says"),
        pytest.param("transcript_updated", "ended", False, False, id="transcript"),
        pytest.param("transfer_ended", "ended", False, False, id="transfer"),
    ],
)
def test_a_webhook_says_by_its_event_whether_the_call_has_ended(
    event: str, status: str, ended: bool, analyzed: bool
) -> None:
    facts = parse_webhook(webhook(event, CALL | {"call_status": status}))

    assert (facts.ended, facts.analyzed) == (ended, analyzed)


@pytest.mark.parametrize(
    ("changes", "ended", "analyzed"),
    [
        pytest.param({"call_status": "registered", "call_analysis": None}, False, False, id="registered"),
        pytest.param({"call_status": "ongoing"}, False, False, id="ongoing"),
        pytest.param({"call_status": "ended", "call_analysis": None}, True, False, id="ended-not-yet-analyzed"),
        pytest.param({"call_status": "ended"}, True, True, id="ended-and-analyzed"),
        pytest.param({"call_status": "not_connected"}, True, True, id="not-connected"),
        pytest.param({"call_status": "error", "call_analysis": None}, True, False, id="error"),
        pytest.param({"call_status": "a_new_one", "end_timestamp": None}, False, False, id="unknown-status"),
        pytest.param({"call_status": "a_new_one"}, True, True, id="unknown-status-with-an-end"),
        pytest.param({"call_status": None}, False, False, id="no-status"),
    ],
)
def test_a_looked_up_call_says_by_its_status_whether_it_has_ended(
    changes: dict[str, Any], ended: bool, analyzed: bool
) -> None:
    facts = parse_call(CALL | changes, CallEvent.LOOKED_UP)

    assert (facts.ended, facts.analyzed) == (ended, analyzed)


@pytest.mark.parametrize(
    ("key", "value", "fact", "expected"),
    [
        pytest.param("start_timestamp", "1772463600123", "started_at", CALL["start_timestamp"], id="time-as-text"),
        pytest.param("start_timestamp", 1772463600123.0, "started_at", CALL["start_timestamp"], id="time-as-float"),
        pytest.param("start_timestamp", 1772463600, "started_at", None, id="time-in-seconds"),
        pytest.param("start_timestamp", 10**30, "started_at", None, id="time-beyond-the-calendar"),
        pytest.param("start_timestamp", -1, "started_at", None, id="time-before-1970"),
        pytest.param("start_timestamp", True, "started_at", None, id="time-as-boolean"),
        pytest.param("start_timestamp", [1], "started_at", None, id="time-as-list"),
        pytest.param("end_timestamp", "soon", "ended_at", None, id="time-as-word"),
        pytest.param("duration_ms", "42500", "duration_ms", 42_500, id="duration-as-text"),
        pytest.param("duration_ms", -5, "duration_ms", None, id="duration-negative"),
        pytest.param("duration_ms", 10**12, "duration_ms", None, id="duration-of-decades"),
        pytest.param("duration_ms", 1.5, "duration_ms", None, id="duration-with-fraction"),
        pytest.param("duration_ms", float("nan"), "duration_ms", None, id="duration-nan"),
        pytest.param("duration_ms", "٤٢", "duration_ms", None, id="duration-in-other-digits"),
        pytest.param("agent_version", "7", "agent_version", 7, id="version-as-text"),
        pytest.param("agent_version", "latest", "agent_version", None, id="version-as-tag"),
        pytest.param("agent_version", 2**31, "agent_version", None, id="version-beyond-integer"),
        pytest.param("metadata", None, "attempt_id", None, id="no-metadata"),
        pytest.param("metadata", [ATTEMPT], "attempt_id", None, id="metadata-as-list"),
        pytest.param("metadata", {"attempt_id": "none"}, "attempt_id", None, id="attempt-no-uuid"),
        pytest.param("metadata", {"attempt_id": 5}, "attempt_id", None, id="attempt-as-number"),
        pytest.param("call_cost", None, "cost_cents", None, id="no-cost"),
        pytest.param("call_cost", 10, "cost_cents", None, id="cost-as-number"),
        pytest.param("call_cost", {"combined_cost": "12.25"}, "cost_cents", Decimal("12.25"), id="cost-as-text"),
        pytest.param("call_cost", {"combined_cost": 0}, "cost_cents", Decimal(0), id="cost-zero"),
        pytest.param("call_cost", {"combined_cost": -1}, "cost_cents", None, id="cost-negative"),
        pytest.param("call_cost", {"combined_cost": "1e-20000"}, "cost_cents", Decimal(0), id="cost-of-nothing"),
        pytest.param("call_cost", {"combined_cost": "0.0000000001"}, "cost_cents", Decimal("1e-10"), id="cost-tiny"),
        pytest.param("call_cost", {"combined_cost": "NaN"}, "cost_cents", None, id="cost-nan"),
        pytest.param("call_cost", {"combined_cost": "1e9"}, "cost_cents", None, id="cost-of-millions"),
        pytest.param("call_cost", {"combined_cost": "ten"}, "cost_cents", None, id="cost-as-word"),
        pytest.param("call_cost", {"combined_cost": True}, "cost_cents", None, id="cost-as-boolean"),
        pytest.param("call_cost", {"combined_cost": 10**4000}, "cost_cents", None, id="cost-of-4000-digits"),
        pytest.param("transcript", "a\x00b", "transcript", "ab", id="nul-in-transcript"),
        pytest.param("transcript", "\x00", "transcript", None, id="nothing-but-nul"),
        pytest.param("transcript", "a\ud800b", "transcript", "a\ufffdb", id="lone-surrogate"),
        pytest.param("transcript", "\U0001f600", "transcript", "\U0001f600", id="emoji-stays"),
        pytest.param("transcript", 5, "transcript", None, id="transcript-as-number"),
        pytest.param("transcript_object", "Hi", "utterances", None, id="utterances-as-text"),
        pytest.param("transcript_object", [None, 1, "x", {"role": ["a"]}], "utterances", [], id="utterances-of-junk"),
        pytest.param("disconnection_reason", "a_new_reason", "disconnection_reason", "a_new_reason", id="new-reason"),
        pytest.param("disconnection_reason", "x" * 1_000, "disconnection_reason", None, id="endless-reason"),
        pytest.param("disconnection_reason", "", "disconnection_reason", None, id="empty-reason"),
        pytest.param("to_number", 13125550142, "to_number", None, id="number-as-number"),
        pytest.param("recording_url", "javascript:alert(1)", "recording_url", None, id="recording-that-runs"),
        pytest.param("recording_url", "https://x/" + "y" * 9_000, "recording_url", None, id="endless-address"),
        pytest.param("latency", [], "latency", None, id="latency-as-list"),
        pytest.param("latency", {"e2e": 5}, "latency", {}, id="latency-without-parts"),
        pytest.param("call_analysis", "good", "analysis", None, id="analysis-as-text"),
        pytest.param("transfer_destination", {"type": "predefined", "number": "+12125550101"}, "transfer_destination",
                     "+12125550101", id="destination-wrapped"),
    ],
)  # fmt: skip
def test_an_implausible_field_is_absent_and_the_rest_stays(
    key: str, value: object, fact: str, expected: object
) -> None:
    facts = parse_call(CALL | {key: value}, CallEvent.ANALYZED)
    seen = getattr(facts, fact)

    assert (int(seen.timestamp() * 1000) if isinstance(seen, datetime) else seen) == expected
    assert facts.call_id == CALL["call_id"]


def test_an_analysis_of_wrong_types_is_an_analysis_of_nothing() -> None:
    junk = {"call_summary": 5, "in_voicemail": "true", "user_sentiment": [], "call_successful": 1}
    facts = parse_call(CALL | {"call_analysis": junk}, CallEvent.ANALYZED)

    assert facts.analysis is not None
    assert set(facts.analysis.values()) == {None}


def test_custom_analysis_is_cleaned_however_deep_it_lies() -> None:
    custom = {"a\x00": [{"b": "x\x00\ud800", "c": float("inf"), "d": 2**70}]}
    facts = parse_call(CALL | {"call_analysis": {"custom_analysis_data": custom}}, CallEvent.ANALYZED)

    assert facts.analysis is not None
    assert facts.analysis["custom"] == {"a": [{"b": "x\ufffd", "c": None, "d": str(2**70)}]}


def test_transcript_updates_carry_what_was_said_beside_the_call_without_tool_calls() -> None:
    spoken = {"role": "user", "content": "Yes"}
    tool = {"role": "tool_call_invocation", "tool_call_id": "1", "name": "book", "arguments": "{}"}
    call = {"call_id": "call_1"}
    facts = parse_webhook(webhook("transcript_updated", call, transcript_with_tool_calls=[spoken, tool]))

    assert facts.utterances == [spoken]


def test_of_an_account_that_keeps_no_personal_data_what_was_scrubbed_is_read() -> None:
    scrubbed = [{"role": "user", "content": "I am [name], stop calling"}]
    bare = {key: value for key, value in CALL.items() if not key.startswith("transcript")}
    facts = parse_webhook(webhook("call_ended", bare | {"scrubbed_transcript_with_tool_calls": scrubbed}))

    assert facts.utterances == scrubbed


def test_a_transfer_names_its_destination_beside_the_call() -> None:
    facts = parse_webhook(webhook("transfer_started", {"call_id": "call_1"}, transfer_destination="+12125550101"))

    assert facts.transfer_destination == "+12125550101"


def test_a_call_without_an_id_is_no_call() -> None:
    with pytest.raises(MalformedCall):
        parse_call({}, CallEvent.LOOKED_UP)
