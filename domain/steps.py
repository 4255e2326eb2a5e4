"""What a lead does next: the five answers of ``next_step``.

Temporal stores these values in histories, so a field may be added with a default and never renamed or removed.
They hold identifiers, instants and sentences for people, and nothing personal.

``details`` (Markdown) and ``summary`` (one line) are what people read in the Temporal UI while the step goes on: the
lead's diary, and the sentence on its timer. ``domain.diary`` writes them. Texts make no step another one.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Stop:
    """The lead is done."""

    reason: str
    kind: Literal["stop"] = "stop"
    details: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class WaitUntil:
    """Sleep until ``instant`` (UTC)."""

    instant: datetime
    why: str
    kind: Literal["wait_until"] = "wait_until"
    details: str = field(default="", compare=False)
    summary: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Queued:
    """May be called now and no slot is free: a slot handed on wakes the lead, at the latest ``until`` (UTC) does."""

    until: datetime
    why: str
    kind: Literal["queued"] = "queued"
    details: str = field(default="", compare=False)
    summary: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Parked:
    """Held up (a paused campaign, a refused account) until somebody acts or another call finds that it goes again: no
    timer, only a signal wakes the lead."""

    why: str
    kind: Literal["parked"] = "parked"
    details: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Dial:
    """A slot is granted to this attempt; the request may leave from ``not_before`` until ``not_after`` (UTC).

    ``utc_offset`` and ``zone_name``: the lead's clock in these minutes, for texts.
    """

    attempt_id: UUID
    number: int
    not_before: datetime
    not_after: datetime
    kind: Literal["dial"] = "dial"
    details: str = field(default="", compare=False)
    utc_offset: timedelta = field(default=timedelta(0), compare=False)
    zone_name: str = field(default="UTC", compare=False)


Step = Stop | WaitUntil | Queued | Parked | Dial
