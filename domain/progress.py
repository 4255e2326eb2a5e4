"""How an attempt moves forward by what the provider reports, in any order and however often."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from domain.calls import CallEvent, CallFacts
from domain.outcomes import SettledOutcome, outcome_of
from domain.vocabulary import AttemptStatus

ANALYSIS_WAIT = timedelta(seconds=60)
"""How long the outcome of an ended call waits for its analysis; then the call is looked up and settled as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptState:
    """The columns of an attempt that decide what a report may still change."""

    status: AttemptStatus
    ended_at: datetime | None = None
    disconnection_reason: str | None = None
    analyzed_at: datetime | None = None
    started_at: datetime | None = None
    utterances_known: bool = False


@dataclass(frozen=True, slots=True)
class Progress:
    """``changes``: columns to set. ``settled``: the outcome, when this report decided it."""

    changes: Mapping[str, Any]
    settled: SettledOutcome | None = None
    ends_call: bool = False


_KEPT_AS_REPORTED = (
    "provider_status",
    "agent_id",
    "agent_version",
    "duration_ms",
    "transcript",
    "utterances",
    "recording_url",
    "analysis",
    "cost_cents",
    "latency",
    "transfer_destination",
)


def progress(state: AttemptState, facts: CallFacts, *, now: datetime) -> Progress:
    """What one report changes. Facts are added and completed, never taken back.

    An attempt is settled by the report that carries the analysis, or by a looked-up call that ended more than
    ``ANALYSIS_WAIT`` ago. A settled attempt keeps its outcome; late facts only fill in what is missing.
    """
    changes = _completed(state, facts, now)
    if state.status is AttemptStatus.DONE:
        return Progress(changes)
    changes["call_id"] = facts.call_id
    changes["status"] = AttemptStatus.IN_PROGRESS
    ends_call = facts.ended and state.ended_at is None
    if facts.ended:
        changes |= _ended(state, facts, now)
    if _may_settle(state, facts, now):
        reason = facts.disconnection_reason or state.disconnection_reason
        return Progress(changes, outcome_of(replace(facts, disconnection_reason=reason)), ends_call)
    return Progress(changes, None, ends_call)


def _completed(state: AttemptState, facts: CallFacts, now: datetime) -> dict[str, Any]:
    """The reported facts, but nothing that an earlier moment of the call knew after a later one was heard."""
    if facts.event is CallEvent.TRANSCRIPT_UPDATED and state.ended_at is not None and state.utterances_known:
        return {}
    stale = _is_stale(state, facts)
    changes = {} if stale else {name: getattr(facts, name) for name in _KEPT_AS_REPORTED}
    changes = {name: value for name, value in changes.items() if value is not None}
    if facts.started_at is not None and state.started_at is None:
        changes["started_at"] = facts.started_at
    if facts.analyzed and state.analyzed_at is None:
        changes["analyzed_at"] = now
    return changes


def _is_stale(state: AttemptState, facts: CallFacts) -> bool:
    """Reports of a live call after its end, and of an end after its analysis, know less than the row does."""
    if facts.analyzed:
        return False
    if facts.ended:
        return state.analyzed_at is not None
    return state.ended_at is not None


def _ended(state: AttemptState, facts: CallFacts, now: datetime) -> dict[str, Any]:
    changes: dict[str, Any] = {"look_up_at": now + ANALYSIS_WAIT}
    if state.ended_at is None:
        changes |= {"ended_at": facts.ended_at or now, "slot_released_at": now}
    if facts.disconnection_reason is not None:
        changes["disconnection_reason"] = facts.disconnection_reason
    return changes


def _may_settle(state: AttemptState, facts: CallFacts, now: datetime) -> bool:
    if not facts.ended:
        return False
    if facts.analyzed:
        return True
    heard_at = state.ended_at or facts.ended_at
    looked_up = facts.event is CallEvent.LOOKED_UP
    return looked_up and heard_at is not None and now >= heard_at + ANALYSIS_WAIT
