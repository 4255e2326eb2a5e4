"""What the voice provider says of one call, in our words and independent of who the provider is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID


class CallEvent(StrEnum):
    """Where a fact about a call comes from: one of the provider's webhooks, or our own look-up."""

    STARTED = "call_started"
    ENDED = "call_ended"
    ANALYZED = "call_analyzed"
    TRANSCRIPT_UPDATED = "transcript_updated"
    TRANSFER_STARTED = "transfer_started"
    TRANSFER_BRIDGED = "transfer_bridged"
    TRANSFER_CANCELLED = "transfer_cancelled"
    TRANSFER_ENDED = "transfer_ended"
    LOOKED_UP = "looked_up"


class TransferStep(StrEnum):
    """Those of them that tell how the call is put through to a person."""

    STARTED = CallEvent.TRANSFER_STARTED.value
    BRIDGED = CallEvent.TRANSFER_BRIDGED.value
    CANCELLED = CallEvent.TRANSFER_CANCELLED.value
    ENDED = CallEvent.TRANSFER_ENDED.value


TRANSFER_EVENTS = frozenset(CallEvent(step.value) for step in TransferStep)


class UtteranceRole(StrEnum):
    """Who speaks, in the provider's words; what anybody else is said to have said isn't kept."""

    AGENT = "agent"
    USER = "user"
    TRANSFER_TARGET = "transfer_target"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFacts:
    """One report about one call.

    ``ended`` and ``analyzed`` follow the event of a webhook (the provider's ``call_status`` in ``call_ended`` may be
    wrong) and the status of a looked-up call. Absent facts are ``None``, never an empty stand-in. Instants are UTC.
    """

    event: CallEvent
    call_id: str
    attempt_id: UUID | None = None
    lead_id: UUID | None = None
    direction: str | None = None
    provider_status: str | None = None
    ended: bool = False
    analyzed: bool = False
    disconnection_reason: str | None = None
    agent_id: str | None = None
    agent_version: int | None = None
    from_number: str | None = None
    to_number: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    duration_ms: int | None = None
    transcript: str | None = None
    utterances: Sequence[Mapping[str, Any]] | None = None
    recording_url: str | None = None
    analysis: Mapping[str, Any] | None = None
    """The provider's analysis: ``summary``, ``in_voicemail``, ``sentiment``, ``successful``, ``custom``."""
    cost_cents: Decimal | None = None
    latency: Mapping[str, Any] | None = None
    transfer_destination: str | None = None
