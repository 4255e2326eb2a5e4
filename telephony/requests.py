"""The body of a request to dial, made once per attempt and then frozen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, assert_never
from uuid import UUID

from domain.calls import CallEvent
from domain.vocabulary import VoicemailAction
from telephony.cleaning import clean_text

SHORTEST_RING = timedelta(seconds=15)
"""Source: TSR abandonment safe harbour, 16 CFR 310.4(b)(4)(ii)."""

LONGEST_RING = timedelta(minutes=5)
SHORTEST_MAX_DURATION = timedelta(minutes=1)
LONGEST_MAX_DURATION = timedelta(hours=2)
"""Source of these three: retell-sdk 6.2.13, agent fields ring_duration_ms and max_call_duration_ms."""

_EVENTS = [event.value for event in CallEvent if event is not CallEvent.LOOKED_UP]
_VOICEMAIL_PROMPT = (
    "Leave a short, friendly message: say who is calling and on whose behalf, why, and that you will try again. "
    "Mention no personal details."
)
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRequest:
    """One dial.

    Without ``agent_id`` the agent bound to ``from_number`` speaks. ``voicemail_message`` is read out word for word
    under ``LEAVE_MESSAGE``; without it the agent words the message itself.

    Raises:
        ValueError: ``ring_time`` isn't within 15 s and 5 min, or ``max_duration`` not within 1 min and 2 h.
    """

    attempt_id: UUID
    lead_id: UUID
    from_number: str
    to_number: str
    webhook_url: str
    max_duration: timedelta
    campaign_id: UUID | None = None
    agent_id: str | None = None
    agent_version: int | str | None = None
    ring_time: timedelta = timedelta(seconds=30)
    voicemail: VoicemailAction = VoicemailAction.HANG_UP
    voicemail_message: str | None = None
    dynamic_variables: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not SHORTEST_RING <= self.ring_time <= LONGEST_RING:
            msg = f"ring_time must lie within {SHORTEST_RING} and {LONGEST_RING}, not {self.ring_time}"
            raise ValueError(msg)
        if not SHORTEST_MAX_DURATION <= self.max_duration <= LONGEST_MAX_DURATION:
            msg = (
                f"max_duration must lie within {SHORTEST_MAX_DURATION} and {LONGEST_MAX_DURATION}, "
                f"not {self.max_duration}"
            )
            raise ValueError(msg)


def build_call_body(request: CallRequest) -> dict[str, Any]:
    """The JSON body of create-phone-call; the same request gives the same body.

    Store it with the attempt and send it as it stands: what the provider does with another body under the same
    idempotency key is not known.
    """
    body: dict[str, Any] = {
        "from_number": request.from_number,
        "to_number": request.to_number,
        "idempotency_key": str(request.attempt_id),
        "honor_internal_dnc": True,
        "metadata": _metadata(request),
        "agent_override": {"agent": _agent_override(request)},
    }
    if request.agent_id is not None:
        body["override_agent_id"] = request.agent_id
    if request.agent_version is not None:
        body["override_agent_version"] = request.agent_version
    if request.dynamic_variables:
        body["retell_llm_dynamic_variables"] = _variables(request.dynamic_variables)
    return body


def _metadata(request: CallRequest) -> dict[str, str]:
    metadata = {"attempt_id": str(request.attempt_id), "lead_id": str(request.lead_id)}
    if request.campaign_id is not None:
        metadata["campaign_id"] = str(request.campaign_id)
    return metadata


def _agent_override(request: CallRequest) -> dict[str, Any]:
    return {
        "webhook_url": request.webhook_url,
        "webhook_events": list(_EVENTS),
        "ring_duration_ms": request.ring_time // _MILLISECOND,
        "max_call_duration_ms": request.max_duration // _MILLISECOND,
        "voicemail_option": {"action": _voicemail_action(request)},
        "enable_dnc_detection": True,
    }


def _voicemail_action(request: CallRequest) -> dict[str, str]:
    match request.voicemail:
        case VoicemailAction.HANG_UP:
            return {"type": "hangup"}
        case VoicemailAction.LEAVE_MESSAGE if request.voicemail_message:
            return {"type": "static_text", "text": clean_text(request.voicemail_message)}
        case VoicemailAction.LEAVE_MESSAGE:
            return {"type": "prompt", "text": _VOICEMAIL_PROMPT}
        case never:
            assert_never(never)


def _variables(variables: Mapping[str, str]) -> dict[str, str]:
    """Strings only, since the provider refuses anything else; without characters the attempt's row can't hold."""
    return {clean_text(str(key)): clean_text(str(value)) for key, value in sorted(variables.items())}
