import json
from typing import Any

import pytest

from telephony.payloads import MalformedWebhook, UnknownWebhookEvent, event_key, parse_webhook

CALL: dict[str, Any] = {"call_id": "call_1", "start_timestamp": 1_772_463_600_123, "duration_ms": 42_500}


def webhook(event: str, call: object = CALL) -> bytes:
    return json.dumps({"event": event, "call": call}).encode()


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"not json", id="no-json"),
        pytest.param(b"\xff\xfe{}", id="no-utf-8"),
        pytest.param(b"null", id="null"),
        pytest.param(b"[]", id="list"),
        pytest.param(b"{}", id="no-event"),
        pytest.param(b'{"event": 5, "call": {"call_id": "call_1"}}', id="event-as-number"),
        pytest.param(b'{"event": "call_ended"}', id="no-call"),
        pytest.param(b'{"event": "call_ended", "call": []}', id="call-as-list"),
        pytest.param(b'{"event": "call_ended", "call": {}}', id="no-call-id"),
        pytest.param(b'{"event": "call_ended", "call": {"call_id": 5}}', id="call-id-as-number"),
        pytest.param(b'{"event": "call_ended", "call": {"call_id": "../x"}}', id="call-id-as-path"),
        pytest.param(b'{"event": "call_ended", "call": {"call_id": ".."}}', id="call-id-of-dots"),
        pytest.param(b'{"event": "call_ended", "call": {"call_id": "%s"}}' % (b"x" * 129), id="call-id-endless"),
        pytest.param(b"[" * 100_000, id="nested-100000-deep"),
        pytest.param(b'{"event": "call_ended", "x": ' + b"9" * 5_000 + b"}", id="number-of-5000-digits"),
        pytest.param(b"\xef\xbb\xbf{}", id="byte-order-mark"),
    ],
)
def test_what_cannot_be_read_is_a_malformed_webhook_and_nothing_else(body: bytes) -> None:
    with pytest.raises(MalformedWebhook):
        parse_webhook(body)


@pytest.mark.parametrize(
    "event", [pytest.param("call_rated", id="new-kind-of-event"), pytest.param("looked_up", id="our-own-word")]
)
def test_an_event_we_do_not_know_can_still_be_kept(event: str) -> None:
    unknown = unknown_event(webhook(event))

    assert (unknown.event, unknown.call_id, unknown.payload["event"]) == (event, "call_1", event)
    assert unknown.key.startswith(f"{event}:call_1:")


def test_a_kind_that_we_do_not_know_may_come_several_times_for_a_call() -> None:
    keys = [unknown_event(webhook("call_rated", CALL | {"stars": stars})).key for stars in (5, 5, 1)]

    assert keys[0] == keys[1] != keys[2]


def test_an_event_about_no_call_is_kept_once_by_its_content() -> None:
    keys = [unknown_event(webhook("chat_started", call)).key for call in ({}, {}, {"x": 1})]

    assert keys[0] == keys[1] != keys[2]


def unknown_event(body: bytes) -> UnknownWebhookEvent:
    with pytest.raises(UnknownWebhookEvent) as caught:
        parse_webhook(body)
    return caught.value


def key_of(event: str, **changes: object) -> str:
    return event_key(parse_webhook(webhook(event, CALL | changes)))


def test_a_lifecycle_event_is_the_same_however_its_content_differs() -> None:
    assert key_of("call_ended") == key_of("call_ended", duration_ms=1) == "call_ended:call_1"


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(key_of("call_analyzed"), id="event"),
        pytest.param(key_of("call_ended", call_id="call_2"), id="call"),
    ],
)
def test_another_event_or_call_has_another_key(other: str) -> None:
    assert key_of("call_ended") != other


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"transfer_destination": "+12125550102"}, id="destination"),
        pytest.param({"start_timestamp": CALL["start_timestamp"] + 1}, id="start"),
    ],
)
def test_two_transfers_of_one_call_are_told_apart(changes: dict[str, Any]) -> None:
    first = {"transfer_destination": "+12125550101"}

    assert key_of("transfer_started", **first) == key_of("transfer_started", **first)
    assert key_of("transfer_started", **first) != key_of("transfer_started", **first | changes)


def test_a_key_holds_no_phone_number() -> None:
    assert "2125550101" not in key_of("transfer_started", transfer_destination="+12125550101")
