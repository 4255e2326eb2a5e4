"""What goes into lead workflows: their input and their signals.

Stored in histories: a field may be added with a default and never renamed or removed. Identifiers only, nothing personal.
"""

from dataclasses import dataclass
from uuid import UUID

LEAD_WORKFLOW = "LeadCalling"

WAKE_SIGNAL = "wake"
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


def workflow_id(lead_id: UUID, run: int) -> str:
    return f"lead-{lead_id}" if run == 1 else f"lead-{lead_id}-r{run}"
