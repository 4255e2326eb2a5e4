"""Webhooks: what is in them, in which order they come, how often they are tried, and that the SDK believes them."""

from collections.abc import Awaitable, Callable
from itertools import pairwise
from typing import Any

import pytest
from retell.lib.webhook_auth import verify
from retell.types import PhoneCallResponse

from simulator.rehearsal import Received, Stage, eventually

Dial = Callable[..., Awaitable[PhoneCallResponse]]
Pin = Callable[..., Awaitable[None]]

EVERY_EVENT = [
    "call_started",
    "call_ended",
    "call_analyzed",
    "transcript_updated",
    "transfer_started",
    "transfer_bridged",
    "transfer_cancelled",
    "transfer_ended",
]
CONNECTED = ["call_started", "call_ended", "call_analyzed"]
NOT_CONNECTED = ["call_ended", "call_analyzed"]


def believed(raw: str, key: str, signature: str) -> bool:
    return bool(verify(raw, key, signature))  # type: ignore[no-untyped-call]


def override(**agent: object) -> dict[str, Any]:
    return {"agent_override": {"agent": agent}}


def analyzed(received: list[Received]) -> bool:
    return any(r.event == "call_analyzed" for r in received)


async def lived(
    stage: Stage, dial: Dial, pin: Pin, scenario: str, order: dict[str, Any] | None = None
) -> list[Received]:
    await pin("+13125550142", scenario)
    await dial("+13125550142", order)
    return await stage.inbox.until(analyzed)


@pytest.mark.parametrize(
    ("scenario", "events", "status", "reasons"),
    [
        pytest.param("answer", CONNECTED, "ended", {"agent_hangup", "user_hangup"}, id="answer"),
        pytest.param("voicemail", CONNECTED, "ended", {"voicemail_reached"}, id="voicemail"),
        pytest.param("busy", NOT_CONNECTED, "not_connected", {"dial_busy"}, id="busy"),
        pytest.param("no_answer", NOT_CONNECTED, "not_connected", {"dial_no_answer"}, id="no-answer"),
        pytest.param("declined", NOT_CONNECTED, "not_connected", {"user_declined"}, id="declined"),
        pytest.param("invalid_number", NOT_CONNECTED, "not_connected", {"invalid_destination"}, id="invalid-number"),
        pytest.param("failed", NOT_CONNECTED, "not_connected", {"dial_failed"}, id="failed"),
        pytest.param("spam", NOT_CONNECTED, "not_connected", {"marked_as_spam"}, id="spam"),
        pytest.param("do_not_call", CONNECTED, "ended", {"user_hangup"}, id="do-not-call"),
        pytest.param("callback", CONNECTED, "ended", {"user_requested_callback", "user_hangup"}, id="callback"),
        pytest.param("transferred", CONNECTED, "ended", {"call_transfer"}, id="transferred"),
        pytest.param("transfer_cancelled", CONNECTED, "ended", {"agent_hangup"}, id="transfer-cancelled"),
        pytest.param("platform_error", CONNECTED, "error", {"error_retell"}, id="platform-error"),
        pytest.param("refused", NOT_CONNECTED, "error", {"concurrency_limit_reached"}, id="refused"),
    ],
)
async def test_each_scenario_tells_its_events_in_order_in_payloads_the_sdk_accepts(
    stage: Stage, dial: Dial, pin: Pin, scenario: str, events: list[str], status: str, reasons: set[str]
) -> None:
    received = await lived(stage, dial, pin, scenario)
    assert [r.event for r in received] == events
    calls = {r.event: PhoneCallResponse.model_validate(r.payload["call"], strict=True) for r in received}
    assert {call.call_id for call in calls.values()} == {received[0].call_id}
    assert calls["call_ended"].call_status == status
    assert calls["call_ended"].disconnection_reason in reasons
    assert calls["call_ended"].call_analysis is None
    assert calls["call_analyzed"].call_analysis is not None
    assert bool(calls["call_ended"].transcript) is ("call_started" in events)


async def test_every_webhook_is_signed_over_its_raw_body(stage: Stage, dial: Dial, pin: Pin) -> None:
    received = await lived(stage, dial, pin, "answer", override(webhook_events=EVERY_EVENT))
    assert all(believed(r.raw, "key_of_tests", r.signature) for r in received)
    assert not any(believed(r.raw + " ", "key_of_tests", r.signature) for r in received)
    assert not any(believed(r.raw, "another key", r.signature) for r in received)


async def test_a_transfer_is_told_step_by_step(stage: Stage, dial: Dial, pin: Pin) -> None:
    order = override(webhook_events=[e for e in EVERY_EVENT if e != "transcript_updated"])
    received = await lived(
        stage, dial, pin, "transferred", order | {"retell_llm_dynamic_variables": {"transfer_number": "+12125550177"}}
    )
    assert [r.event for r in received] == [
        "call_started",
        "transfer_started",
        "transfer_bridged",
        "call_ended",
        "transfer_ended",
        "call_analyzed",
    ]
    started, whole = received[1].payload, received[-1].payload["call"]
    assert started["transfer_destination"]["number"] == whole["transfer_destination"] == "+12125550177"
    assert whole["transfer_end_timestamp"] >= whole["end_timestamp"]


async def test_the_transcript_grows_while_they_talk_and_comes_whole_at_the_end(
    stage: Stage, dial: Dial, pin: Pin
) -> None:
    received = await lived(stage, dial, pin, "answer", override(webhook_events=["transcript_updated", "call_analyzed"]))
    updates = [r.payload for r in received if r.event == "transcript_updated"]
    texts = [update["call"]["transcript"] for update in updates]
    assert len(texts) == 4
    assert all(later.startswith(earlier) for earlier, later in pairwise(texts))
    assert texts[0] != texts[-1]
    assert texts[-1] == received[-1].payload["call"]["transcript"]
    assert updates[-1]["transcript_with_tool_calls"] == updates[-1]["call"]["transcript_with_tool_calls"]


@pytest.mark.parametrize("updates", [0, 1, 7])
async def test_a_talk_has_as_many_running_transcripts_as_are_set(
    stage: Stage, dial: Dial, pin: Pin, updates: int
) -> None:
    stage.settings.apply({"transcript_updates": updates})
    received = await lived(stage, dial, pin, "answer", override(webhook_events=["transcript_updated", "call_analyzed"]))
    assert [r.event for r in received] == ["transcript_updated"] * updates + ["call_analyzed"]


async def test_the_words_lie_inside_the_call_one_after_the_other(stage: Stage, dial: Dial, pin: Pin) -> None:
    call = (await lived(stage, dial, pin, "answer"))[-1].payload["call"]
    words = [word for said in call["transcript_object"] for word in said["words"]]
    starts = [word["start"] for word in words]
    assert starts == sorted(starts)
    assert words[-1]["end"] <= call["duration_ms"] / 1000 + 0.005
    assert call["transcript"].splitlines()[0].startswith("User: ")


async def test_only_the_events_asked_for_come_and_to_the_address_of_the_call(
    stage: Stage, dial: Dial, pin: Pin
) -> None:
    order = override(webhook_url=f"{stage.hook_url}/of/{{{{lead}}}}", webhook_events=["call_analyzed"])
    received = await lived(stage, dial, pin, "answer", order | {"retell_llm_dynamic_variables": {"lead": "l7"}})
    assert [(r.event, r.path) for r in received] == [("call_analyzed", f"{stage.inbox.home}/of/l7")]


async def test_a_refused_webhook_is_retried_and_holds_nothing_back(stage: Stage, dial: Dial, pin: Pin) -> None:
    stage.settings.apply({"webhook_retry_seconds": 0.2})
    stage.inbox.refusals = {"call_started": 1}
    await pin("+13125550142", "answer")
    await dial("+13125550142")
    assert await stage.inbox.events(3) == ["call_ended", "call_analyzed", "call_started"]


async def test_after_three_more_tries_an_event_is_gone(stage: Stage, dial: Dial, pin: Pin) -> None:
    stage.inbox.refusals = {"call_ended": 99}
    await lived(stage, dial, pin, "busy")
    await eventually(lambda: stage.simulator.stats.webhooks["given_up"] == 1)
    assert stage.inbox.tried.count("call_ended") == 4


async def test_metadata_and_variables_come_back_and_are_left_out_where_none_were_given(
    stage: Stage, dial: Dial, pin: Pin
) -> None:
    given = {"metadata": {"attempt_id": "a1"}, "retell_llm_dynamic_variables": {"first_name": "Ida"}}
    call = (await lived(stage, dial, pin, "answer", given))[-1].payload["call"]
    assert (call["metadata"], call["retell_llm_dynamic_variables"]) == tuple(given.values())
    stage.inbox.received.clear()
    call = (await lived(stage, dial, pin, "answer"))[-1].payload["call"]
    assert not {"metadata", "retell_llm_dynamic_variables"} & call.keys()
