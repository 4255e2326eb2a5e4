"""Reads the provider's calls and webhooks into ``CallFacts``.

Everything in them is taken as hostile: a field of the wrong type or with an implausible value is absent, and only
a missing call id or event makes the whole report useless.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from domain.calls import CallEvent, CallFacts, UtteranceRole
from telephony import fields
from telephony.cleaning import clean_object, read_json

_CALL_ID = re.compile(r"[A-Za-z0-9_.:-]{1,128}")
_NAME_LENGTH = 200
_LIVE = frozenset({"registered", "ongoing"})
_OVER = frozenset({"ended", "not_connected", "error"})
_WEBHOOKS = {event.value: event for event in CallEvent if event is not CallEvent.LOOKED_UP}
_TRANSFERS = frozenset(
    {CallEvent.TRANSFER_STARTED, CallEvent.TRANSFER_BRIDGED, CallEvent.TRANSFER_CANCELLED, CallEvent.TRANSFER_ENDED}
)
HEARD_BY = "heard_by"
"""In the payload of an event that no webhook brought: how else it was heard of."""

_SPEAKERS = frozenset(role.value for role in UtteranceRole)
_LONGEST_CALL_MS = 7 * 24 * 3600 * 1000


class MalformedCall(ValueError):  # noqa: N818 - says what happened, not that it is an error
    """The data describe no call: there is no usable call id in them."""


class MalformedWebhook(ValueError):  # noqa: N818 - says what happened, not that it is an error
    """The webhook can't be read at all: not UTF-8, not JSON, or without event or call. Sending it again won't help."""


class UnknownWebhookEvent(ValueError):  # noqa: N818 - says what happened, not that it is an error
    """A readable webhook of a kind we don't know, such as a chat's. Keep it and answer 2xx; nothing follows from it.

    ``key`` is to such a webhook what ``event_key`` is to the others; nobody knows how often such a kind may come for
    one call, so that what it says is a part of it. ``payload`` is all of it, as it can be stored.
    """

    def __init__(self, event: str, call_id: str | None, *, key: str, payload: Mapping[str, Any]) -> None:
        super().__init__(f"unknown webhook event {event!r}")
        self.event = event
        self.call_id = call_id
        self.key = key
        self.payload = payload


def is_call_id(value: object) -> bool:
    """Whether this can be a call id: 1 to 128 letters, digits, and ``_ . : -``, so that it fits keys and addresses."""
    return isinstance(value, str) and _CALL_ID.fullmatch(value) is not None and not value.startswith(".")


@dataclass(frozen=True, slots=True)
class Webhook:
    """What a webhook reports, and the whole of it as it can be stored: a JSON object, in text."""

    facts: CallFacts
    text: str


def parse_webhook(body: bytes) -> CallFacts:
    """The facts a webhook reports; raises as ``read_webhook`` does."""
    return read_webhook(body).facts


def read_webhook(body: bytes) -> Webhook:
    """A webhook, read once.

    Args:
        body: The raw body, its signature already verified.

    Raises:
        MalformedWebhook: answer 400.
        UnknownWebhookEvent: answer 2xx.
    """
    event, payload, text = _envelope(body)
    if event not in _WEBHOOKS:
        raise _unknown(event, fields.mapping(payload.get("call")), body, payload)
    return Webhook(_facts_of(event, payload), text)


def read_stored(payload: Mapping[str, Any]) -> CallFacts | None:
    """The facts of a webhook that was stored; None for a kind that is still unknown, or that can't be read.

    What we wrote ourselves of a call that was asked for (``heard_by``) holds none: its facts were applied then.
    """
    event = payload.get("event")
    if not isinstance(event, str) or event not in _WEBHOOKS or payload.get(HEARD_BY) is not None:
        return None
    try:
        return _facts_of(event, payload)
    except MalformedWebhook:
        return None


def _facts_of(event: str, payload: Mapping[str, Any]) -> CallFacts:
    call = fields.mapping(payload.get("call"))
    if call is None:
        msg = "the webhook has no call"
        raise MalformedWebhook(msg)
    try:
        return _facts(_with_event_fields(call, payload), _WEBHOOKS[event])
    except MalformedCall as error:
        raise MalformedWebhook(str(error)) from None


def parse_call(call: Mapping[str, Any], event: CallEvent) -> CallFacts:
    """The facts in a call object.

    Args:
        call: The provider's call object, decoded.
        event: Where it comes from; decides, with the status for look-ups, whether the call counts as ended.

    Raises:
        MalformedCall: there is no usable call id.
    """
    return _facts(clean_object(call), event)


def event_key(facts: CallFacts) -> str:
    """The key under which a webhook is stored once, however often it is delivered; at most 400 characters.

    Lifecycle events come once per call. Transfers may happen several times in a call and are told apart by start
    and destination; the destination is hashed, since keys are logged. A ``transcript_updated`` shares one key
    per call: the latest one is kept.

    Source: docs.retellai.com, webhook overview; there is no event id.
    """
    key = f"{facts.event}:{facts.call_id}"
    if facts.event not in _TRANSFERS:
        return key
    started = facts.started_at.isoformat(timespec="milliseconds") if facts.started_at else ""
    digest = hashlib.sha256((facts.transfer_destination or "").encode()).hexdigest()[:16]
    return f"{key}:{started}:{digest}"


def _facts(call: Mapping[str, Any], event: CallEvent) -> CallFacts:
    """The facts in a call object from which everything that can't be stored is gone."""
    call_id = call.get("call_id")
    if not isinstance(call_id, str) or not is_call_id(call_id):
        msg = "the call has no usable call_id"
        raise MalformedCall(msg)
    analysis = _analysis(call)
    ended = _has_ended(call, event)
    metadata = fields.mapping(call.get("metadata")) or {}
    return CallFacts(
        event=event,
        call_id=call_id,
        attempt_id=fields.uuid(metadata.get("attempt_id")),
        lead_id=fields.uuid(metadata.get("lead_id")),
        direction=_name(call, "direction"),
        provider_status=_name(call, "call_status"),
        ended=ended,
        analyzed=event is CallEvent.ANALYZED or (event is CallEvent.LOOKED_UP and ended and analysis is not None),
        disconnection_reason=_name(call, "disconnection_reason"),
        agent_id=_name(call, "agent_id"),
        agent_version=fields.whole(call.get("agent_version")),
        from_number=_name(call, "from_number"),
        to_number=_name(call, "to_number"),
        started_at=fields.instant(call.get("start_timestamp")),
        ended_at=fields.instant(call.get("end_timestamp")),
        duration_ms=fields.whole(call.get("duration_ms"), highest=_LONGEST_CALL_MS),
        transcript=fields.text(call.get("transcript")),
        utterances=_utterances(call),
        recording_url=fields.web_address(call.get("recording_url") or call.get("scrubbed_recording_url")),
        analysis=analysis,
        cost_cents=fields.cents((fields.mapping(call.get("call_cost")) or {}).get("combined_cost")),
        latency=_latency(call),
        transfer_destination=_destination(call.get("transfer_destination")),
    )


def _envelope(body: bytes) -> tuple[str, Mapping[str, Any], str]:
    try:
        decoded, text = read_json(body)
    except ValueError as error:
        msg = f"the webhook is not JSON in UTF-8 ({type(error).__name__})"
        raise MalformedWebhook(msg) from None
    payload = fields.mapping(decoded) or {}
    event = fields.text(payload.get("event"), longest=_NAME_LENGTH)
    if event is None:
        msg = "the webhook has no event"
        raise MalformedWebhook(msg)
    return event, payload, text


def _unknown(
    event: str, call: Mapping[str, Any] | None, body: bytes, payload: Mapping[str, Any]
) -> UnknownWebhookEvent:
    call_id = call.get("call_id") if call else None
    known_id = call_id if isinstance(call_id, str) and is_call_id(call_id) else None
    key = f"{event}:{known_id or ''}:{hashlib.sha256(body).hexdigest()[:32]}"
    return UnknownWebhookEvent(event, known_id, key=key, payload=payload)


def _with_event_fields(call: Mapping[str, Any], payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """The call with what transfer and transcript events carry beside it."""
    beside = {key: payload[key] for key in ("transfer_destination", "transcript_with_tool_calls") if payload.get(key)}
    return {**call, **beside}


def _has_ended(call: Mapping[str, Any], event: CallEvent) -> bool:
    if event is not CallEvent.LOOKED_UP:
        return event in {CallEvent.ENDED, CallEvent.ANALYZED}
    status = call.get("call_status")
    if not isinstance(status, str) or status in _LIVE:
        return False
    # A status this program doesn't know must not keep a slot for ever when the call has an end.
    return status in _OVER or fields.instant(call.get("end_timestamp")) is not None


def _analysis(call: Mapping[str, Any]) -> Mapping[str, Any] | None:
    analysis = fields.mapping(call.get("call_analysis"))
    if analysis is None:
        return None
    custom = fields.mapping(analysis.get("custom_analysis_data"))
    return {
        "summary": fields.text(analysis.get("call_summary")),
        "in_voicemail": fields.flag(analysis.get("in_voicemail")),
        "sentiment": _name(analysis, "user_sentiment"),
        "successful": fields.flag(analysis.get("call_successful")),
        "custom": custom,
    }


def _utterances(call: Mapping[str, Any]) -> Sequence[Mapping[str, Any]] | None:
    """What was said and by whom; tool calls, key presses and the like are left out.

    Of an account that keeps no personal data there is only what was scrubbed.
    """
    for key in ("transcript_object", "transcript_with_tool_calls", "scrubbed_transcript_with_tool_calls"):
        items = call.get(key)
        if isinstance(items, list):
            return [item for item in items if isinstance(item, dict) and _is_spoken(item)]
    return None


def _is_spoken(item: Mapping[str, Any]) -> bool:
    role = item.get("role")
    return isinstance(role, str) and role in _SPEAKERS and isinstance(item.get("content"), str)


def _latency(call: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Percentiles in milliseconds by part of the pipeline, without the single measurements behind them."""
    latency = fields.mapping(call.get("latency"))
    if latency is None:
        return None
    return {
        part: {name: value for name, value in numbers.items() if name != "values"}
        for part, numbers in latency.items()
        if isinstance(numbers, dict)
    }


def _destination(value: object) -> str | None:
    """A phone number or SIP address; transfer events may wrap it in an object."""
    if isinstance(value, dict):
        value = value.get("number") or value.get("sip_uri")
    return fields.text(value, longest=_NAME_LENGTH)


def _name(data: Mapping[str, Any], key: str) -> str | None:
    return fields.text(data.get(key), longest=_NAME_LENGTH)
