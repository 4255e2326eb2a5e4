"""The provider asks before an agent answers somebody who rings: what it asks, and what it is told.

Source: docs.retellai.com, inbound call webhook (``call_inbound``); the answer is a JSON object of the same name.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from domain.calls import CallEvent
from telephony import fields
from telephony.cleaning import clean_text

CALL_INBOUND = "call_inbound"

_LONGEST_NUMBER = 64
_EVENTS = [event.value for event in CallEvent if event is not CallEvent.LOOKED_UP]


@dataclass(frozen=True, slots=True)
class InboundAsked:
    """Somebody rings. The numbers are as the provider wrote them, absent where they can't be any."""

    from_number: str | None = None
    to_number: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundAnswer:
    """What the agent is told of the caller. ``agent_id``: who answers, where it isn't the number's own agent.

    ``webhook_url``: where the call's events are to be reported.
    """

    webhook_url: str
    metadata: Mapping[str, str]
    dynamic_variables: Mapping[str, str] = field(default_factory=dict)
    agent_id: str | None = None
    agent_version: int | str | None = None


def read_inbound(payload: Mapping[str, Any]) -> InboundAsked:
    """What is asked; never raises, for the phone rings and the agent answers whoever it is."""
    asked = fields.mapping(payload.get(CALL_INBOUND)) or {}
    return InboundAsked(
        fields.text(asked.get("from_number"), longest=_LONGEST_NUMBER),
        fields.text(asked.get("to_number"), longest=_LONGEST_NUMBER),
    )


def write_inbound(answer: InboundAnswer | None) -> dict[str, Any]:
    """The body of the answer; without one the number's own agent answers, knowing nothing of the caller."""
    if answer is None:
        return {CALL_INBOUND: {}}
    told: dict[str, Any] = {
        "dynamic_variables": {
            clean_text(str(name)): clean_text(str(value)) for name, value in sorted(answer.dynamic_variables.items())
        },
        "metadata": dict(answer.metadata),
        "agent_override": {
            "agent": {"webhook_url": answer.webhook_url, "webhook_events": _EVENTS, "enable_dnc_detection": True}
        },
    }
    if answer.agent_id is not None:
        told["override_agent_id"] = answer.agent_id
        if answer.agent_version is not None:
            told["override_agent_version"] = answer.agent_version
    return {CALL_INBOUND: told}
