"""What goes into workflows: their input and their signals.

Stored in histories: a field may be added with a default and never renamed or removed. Identifiers only, nothing
personal.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

LEAD_WORKFLOW = "LeadCalling"
IMPORT_WORKFLOW = "LeadImport"
EVENT_WORKFLOW = "EventDelivery"

WAKE_SIGNAL = "wake"
SLOT_GRANTED_SIGNAL = "slot_granted"
"""Signals of the provider's events bear the event's own name: ``call_started``, ``call_ended``, ``call_analyzed``."""


@dataclass(frozen=True, slots=True)
class LeadInput:
    """``run`` is 1 at first and counts up each time a finished lead is called again."""

    lead_id: UUID
    run: int = 1


@dataclass(frozen=True, slots=True)
class CallHeard:
    """The provider reported on the call of this attempt; the row in the database says what."""

    attempt_id: UUID


@dataclass(frozen=True, slots=True)
class Wake:
    """Something changed for this lead (a slot was handed on, it was cancelled, its campaign goes on)."""

    reason: str


@dataclass(frozen=True, slots=True)
class AttemptInput:
    """The attempt to place a call for, or to look after."""

    attempt_id: UUID


@dataclass(frozen=True, slots=True)
class CallFate:
    """What became of an attempt so far.

    ``look_up_at`` (UTC): look at the call then, if its end hasn't been heard before; None when the attempt is settled.
    """

    look_up_at: datetime | None
    why: str


@dataclass(frozen=True, slots=True)
class EventOrder:
    """A delivery of an event whose first try failed. ``round`` counts how often somebody had it sent anew."""

    delivery_id: UUID
    subscription_id: UUID
    round: int = 1


@dataclass(frozen=True, slots=True)
class EventTry:
    """``number``: of the tries that follow the first one, counted from 0."""

    order: EventOrder
    number: int


def workflow_id(lead_id: UUID, run: int) -> str:
    return f"lead-{lead_id}" if run == 1 else f"lead-{lead_id}-r{run}"
