import json
from datetime import timedelta
from typing import Any, get_args, get_type_hints
from uuid import UUID

import pytest
from retell.types import call_create_phone_call_params as sdk

from domain.vocabulary import VoicemailAction
from telephony.requests import CallRequest, build_call_body

ATTEMPT = UUID("6f1d3c1e-5b0a-5f6e-9a56-0c7d6a3a1b11")
LEAD = UUID("0b9d3a52-2f0e-4f0f-8f07-3d0d4a9d8c22")
CAMPAIGN = UUID("9a1b2c3d-0000-4000-8000-000000000033")


def request(**changes: object) -> CallRequest:
    usual: dict[str, Any] = {
        "attempt_id": ATTEMPT,
        "lead_id": LEAD,
        "from_number": "+12125550100",
        "to_number": "+13125550142",
        "webhook_url": "https://calls.example.com/api/v1/calls/webhook",
        "max_duration": timedelta(seconds=300),
    }
    return CallRequest(**(usual | changes))


def agent_override(body: dict[str, Any]) -> dict[str, Any]:
    override: dict[str, Any] = body["agent_override"]["agent"]
    return override


def test_the_body_carries_the_attempt_as_key_and_as_metadata() -> None:
    body = build_call_body(request())

    assert body["idempotency_key"] == str(ATTEMPT)
    assert body["metadata"] == {"attempt_id": str(ATTEMPT), "lead_id": str(LEAD)}


def test_the_campaign_is_in_the_metadata_when_there_is_one() -> None:
    assert build_call_body(request(campaign_id=CAMPAIGN))["metadata"]["campaign_id"] == str(CAMPAIGN)


def test_every_call_brings_along_what_a_real_account_needs() -> None:
    assert agent_override(build_call_body(request())) == {
        "webhook_url": "https://calls.example.com/api/v1/calls/webhook",
        "webhook_events": [
            "call_started",
            "call_ended",
            "call_analyzed",
            "transcript_updated",
            "transfer_started",
            "transfer_bridged",
            "transfer_cancelled",
            "transfer_ended",
        ],
        "ring_duration_ms": 30_000,
        "max_call_duration_ms": 300_000,
        "voicemail_option": {"action": {"type": "hangup"}},
        "enable_dnc_detection": True,
    }


def test_the_provider_is_asked_to_honour_its_own_do_not_call_marks() -> None:
    assert build_call_body(request())["honor_internal_dnc"] is True


@pytest.mark.parametrize(
    ("message", "action"),
    [
        pytest.param("Hello, this is Acme.", {"type": "static_text", "text": "Hello, this is Acme."}, id="own-words"),
        pytest.param("Hello\x00", {"type": "static_text", "text": "Hello"}, id="nul"),
    ],
)
def test_a_given_voicemail_message_is_read_out_word_for_word(message: str, action: dict[str, str]) -> None:
    body = build_call_body(request(voicemail=VoicemailAction.LEAVE_MESSAGE, voicemail_message=message))

    assert agent_override(body)["voicemail_option"] == {"action": action}


def test_without_a_message_the_agent_words_the_voicemail_itself() -> None:
    action = agent_override(build_call_body(request(voicemail=VoicemailAction.LEAVE_MESSAGE)))["voicemail_option"]

    assert action["action"]["type"] == "prompt"
    assert action["action"]["text"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({}, {}, id="the-numbers-own-agent"),
        pytest.param({"agent_id": "agent_a"}, {"override_agent_id": "agent_a"}, id="agent"),
        pytest.param(
            {"agent_id": "agent_a", "agent_version": 0},
            {"override_agent_id": "agent_a", "override_agent_version": 0},
            id="version-zero",
        ),
        pytest.param(
            {"agent_id": "agent_a", "agent_version": "latest_published"},
            {"override_agent_id": "agent_a", "override_agent_version": "latest_published"},
            id="tag",
        ),
    ],
)
def test_an_agent_is_overridden_only_when_one_is_given(changes: dict[str, Any], expected: dict[str, Any]) -> None:
    body = build_call_body(request(**changes))

    assert {key: value for key, value in body.items() if key.startswith("override")} == expected


def test_dynamic_variables_are_strings_whatever_they_were() -> None:
    body = build_call_body(request(dynamic_variables={"name": "Ana\x00", "debt": 12, "tail": "\ud800"}))

    assert body["retell_llm_dynamic_variables"] == {"debt": "12", "name": "Ana", "tail": "\ufffd"}


def test_the_same_request_gives_the_same_bytes_whatever_order_its_variables_came_in() -> None:
    one = build_call_body(request(dynamic_variables={"a": "1", "b": "2"}))
    other = build_call_body(request(dynamic_variables={"b": "2", "a": "1"}))

    assert json.dumps(one) == json.dumps(other)


def test_two_bodies_share_nothing_that_can_be_changed() -> None:
    first = build_call_body(request())
    agent_override(first)["webhook_events"].clear()

    assert agent_override(build_call_body(request()))["webhook_events"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"ring_time": timedelta(seconds=14.999)}, "ring_time", id="ring-too-short"),
        pytest.param({"ring_time": timedelta(seconds=301)}, "ring_time", id="ring-too-long"),
        pytest.param({"max_duration": timedelta(seconds=59)}, "max_duration", id="call-too-short"),
        pytest.param({"max_duration": timedelta(hours=2, seconds=1)}, "max_duration", id="call-too-long"),
    ],
)
def test_times_the_provider_or_the_law_refuses_are_refused_here(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        request(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"ring_time": timedelta(seconds=15)}, id="shortest-ring"),
        pytest.param({"max_duration": timedelta(seconds=60)}, id="shortest-call"),
    ],
)
def test_the_bounds_themselves_are_allowed(changes: dict[str, Any]) -> None:
    assert build_call_body(request(**changes))


def test_the_official_client_knows_every_field() -> None:
    body = build_call_body(request(agent_id="a", agent_version=1, dynamic_variables={"a": "b"}))

    assert body.keys() <= get_type_hints(sdk.CallCreatePhoneCallParams).keys()
    assert agent_override(body).keys() <= get_type_hints(sdk.AgentOverrideAgent).keys()


def test_the_official_client_knows_every_event() -> None:
    hint = get_type_hints(sdk.AgentOverrideAgent)["webhook_events"]

    known = get_args(get_args(get_args(hint)[0])[0])
    assert set(agent_override(build_call_body(request()))["webhook_events"]) == set(known)
