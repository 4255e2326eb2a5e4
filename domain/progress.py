"""How an attempt moves forward by what the provider reports, in any order and however often."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from domain.calls import CallEvent, CallFacts
from domain.outcomes import SettledOutcome, outcome_of
from domain.transcripts import Reach, reach_of
from domain.transfers import outcome_after, with_transfer
from domain.vocabulary import AttemptOutcome, AttemptStatus

ANALYSIS_WAIT = timedelta(seconds=60)
"""How long the outcome of an ended call waits for its analysis; then the call is looked up and settled as it is."""


CLOCKS_DIFFER_BY = timedelta(minutes=10)
"""At most, between the provider's clock and ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptState:
    """The columns of an attempt that decide what a report may still change.

    ``sent_at``: when the request to dial left first. ``takes_recording``: False once its recording was ordered to be
    deleted. ``transcript_reach``: how far what is known goes of what was said.
    """

    status: AttemptStatus
    sent_at: datetime | None = None
    ended_at: datetime | None = None
    disconnection_reason: str | None = None
    analyzed_at: datetime | None = None
    outcome: AttemptOutcome | None = None
    transfers: Sequence[Mapping[str, Any]] = ()
    takes_recording: bool = True
    transcript_reach: Reach | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """``changes``: columns to set. ``missing``: columns to set where they are empty.

    ``settled``: the outcome, when this report decided it.
    """

    changes: Mapping[str, Any]
    missing: Mapping[str, Any]
    settled: SettledOutcome | None = None


_KEPT_AS_REPORTED = (
    "provider_status",
    "disconnection_reason",
    "agent_id",
    "agent_version",
    "duration_ms",
    "recording_url",
    "analysis",
    "cost_cents",
    "latency",
    "transfer_destination",
)


def progress(state: AttemptState, facts: CallFacts, *, now: datetime) -> Progress:
    """What one report changes. Facts are added and completed, never taken back.

    An attempt is settled by the report that carries the analysis, or by a looked-up call that ended more than
    ``ANALYSIS_WAIT`` ago. A settled attempt keeps its outcome; late facts only fill in what is missing, but for how the
    call was put through to a person, which nothing else tells; and what was said in the call, in whose place comes
    what knows more of it.
    """
    known = _reported(state, facts)
    changes, missing = ({}, known) if is_stale(state, facts) else (known, {})
    changes = changes | _said(state, facts)
    missing = missing | {"call_id": facts.call_id, "started_at": facts.started_at}
    if facts.analyzed and state.analyzed_at is None:
        changes = changes | {"analyzed_at": now}
    transfers = with_transfer(state.transfers, facts, now=now)
    if transfers is not state.transfers:
        changes = changes | {"transfers": transfers}
    if state.status is AttemptStatus.DONE:
        return Progress(changes | _late_outcome(state, transfers), missing | {"ended_at": facts.ended_at})
    changes = changes | {"status": AttemptStatus.IN_PROGRESS}
    if facts.ended:
        changes |= _ended(state, facts, now)
    if not _may_settle(state, facts, now):
        return Progress(changes, missing)
    reason = facts.disconnection_reason or state.disconnection_reason
    settled = outcome_of(replace(facts, disconnection_reason=reason))
    return Progress(changes, missing, replace(settled, outcome=outcome_after(settled.outcome, transfers)))


def _reported(state: AttemptState, facts: CallFacts) -> dict[str, Any]:
    names = _KEPT_AS_REPORTED if state.takes_recording else set(_KEPT_AS_REPORTED) - {"recording_url"}
    return {name: value for name in names if (value := getattr(facts, name)) is not None}


def _said(state: AttemptState, facts: CallFacts) -> dict[str, Any]:
    """What was said, as this report tells it, unless one was heard that told more; all of it is of one report."""
    reach = reach_of(facts)
    if reach is None or tuple(reach) <= tuple(state.transcript_reach or ()):
        return {}
    return {"transcript": facts.transcript, "utterances": facts.utterances, "transcript_reach": list(reach)}


def is_stale(state: AttemptState, facts: CallFacts) -> bool:
    """Reports of a live call after its end, and of an end after its analysis, know less than the row does."""
    if facts.analyzed:
        return False
    if facts.ended:
        return state.analyzed_at is not None
    return state.ended_at is not None


def _ended(state: AttemptState, facts: CallFacts, now: datetime) -> dict[str, Any]:
    changes: dict[str, Any] = {"look_up_at": now + ANALYSIS_WAIT}
    if state.ended_at is None:
        changes |= {"ended_at": _plausible_end(state, facts, now), "slot_released_at": now}
    return changes


def _plausible_end(state: AttemptState, facts: CallFacts, now: datetime) -> datetime:
    """The provider's clock may be ahead of ours; an end in the future would put the outcome off. From an end long
    before the dial the pause until the next one would be over already: such a one isn't known.
    """
    said = facts.ended_at
    if said is None or (state.sent_at is not None and said < state.sent_at - CLOCKS_DIFFER_BY):
        return now
    return min(said, now)


def _late_outcome(state: AttemptState, transfers: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    if state.outcome is None:
        return {}
    outcome = outcome_after(state.outcome, transfers)
    return {} if outcome is state.outcome else {"outcome": outcome}


def _may_settle(state: AttemptState, facts: CallFacts, now: datetime) -> bool:
    if not facts.ended:
        return False
    if facts.analyzed:
        return True
    heard_at = state.ended_at or facts.ended_at
    looked_up = facts.event is CallEvent.LOOKED_UP
    return looked_up and heard_at is not None and now >= heard_at + ANALYSIS_WAIT
