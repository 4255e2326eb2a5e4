"""What may happen to a lead now. The one place where all the facts about it are weighed, pure and in one order.

The transaction that grants a slot and the gate right before the request both ask here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo

from domain.callbacks import promised_callback
from domain.calling_hours import CallingHours, closes_at, describe_local, is_open, next_opening
from domain.outcomes import lead_outcome_for
from domain.retry_schedule import AttemptSummary, RetrySchedule, next_due, refusals_over_at
from domain.steps import Parked, Queued, WaitUntil
from domain.vocabulary import AttemptOutcome, CampaignStatus, LeadOutcome

CLOSING_MARGIN = timedelta(seconds=5)
"""A request leaves at least this long before the window closes."""

GRANT_LIFE = timedelta(seconds=30)
"""A grant that nobody took up by then is given back."""

PACE_HORIZON = timedelta(seconds=5)
"""Nobody gets a slot for a dial that calls a second would put off longer than this; the queue is fairer."""

CONTACT_BUSY_PAUSE = timedelta(seconds=60)

NO_OPENING_PAUSE = timedelta(days=1)
"""A lead whose hours never open looks again after this, for somebody may have edited them."""


@dataclass(frozen=True, slots=True)
class Finished:
    outcome: LeadOutcome
    blocked_reason: str | None = None


@dataclass(frozen=True, slots=True)
class MayDial:
    """A request may leave from ``not_before`` to ``not_after`` (UTC)."""

    not_before: datetime
    not_after: datetime


Decision = Finished | WaitUntil | Queued | Parked | MayDial


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """``free_slots`` counts live calls that still fit under every cap; ``next_dial_at`` paces calls a second."""

    free_slots: int
    next_dial_at: datetime | None = None


UNLIMITED = Capacity(free_slots=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """All that is known about a lead and the world around it at ``now`` (UTC)."""

    now: datetime
    outcome: LeadOutcome | None = None
    blocked_reason: str | None = None
    cancelled: bool = False
    do_not_call: bool = False
    consent_missing: bool = False
    contact_on_a_call: bool = False
    not_before: datetime | None = None
    called_ahead: bool = False
    hours: CallingHours
    zones: Sequence[tzinfo]
    zone_names: Sequence[str]
    schedule: RetrySchedule
    history: Sequence[AttemptSummary] = ()
    callback_at: str | None = None
    organization_stopped: bool = False
    campaign_status: CampaignStatus = CampaignStatus.RUNNING
    parked_reason: str | None = None
    capacity: Capacity = UNLIMITED


def decide(situation: Situation) -> Decision:
    """The first of the rules that has something to say; with none against it, the lead may be dialled."""
    for rule in _RULES:
        decision = rule(situation)
        if decision is not None:
            return decision
    return _may_dial(situation)


def may_send(situation: Situation) -> bool:
    """Whether a request for an attempt that already holds its slot may leave at this very instant."""
    held = replace(situation, capacity=UNLIMITED, contact_on_a_call=False)
    return isinstance(decide(held), MayDial)


def _finished(situation: Situation) -> Decision | None:
    """A lead that is done stays done; what ends it comes in the order in which people would name it."""
    if situation.outcome is not None:
        return Finished(situation.outcome, situation.blocked_reason)
    by_calls = _finished_by_calls(situation.history)
    if by_calls is not None:
        return by_calls
    if situation.cancelled:
        return Finished(LeadOutcome.CANCELLED)
    if situation.do_not_call:
        return Finished(LeadOutcome.BLOCKED, "do_not_call")
    if situation.consent_missing:
        return Finished(LeadOutcome.BLOCKED, "consent_missing")
    return None


def _finished_by_calls(history: Sequence[AttemptSummary]) -> Finished | None:
    for attempt in history:
        outcome = lead_outcome_for(attempt.outcome)
        if outcome is not None:
            return Finished(outcome)
    return None


def _not_due(situation: Situation) -> Decision | None:
    due = _due_at(situation)
    if due is None:
        return Finished(LeadOutcome.MAX_ATTEMPTS_REACHED)
    if due <= situation.now:
        return None
    return _sleep_till_open(situation, due)


def _due_at(situation: Situation) -> datetime | None:
    """When the retry schedule, a promise or the lead's own wish lets it be called; None when attempts are used up."""
    due = next_due(situation.schedule, situation.history, situation.now)
    if due is None:
        return None
    due = _promise(situation) or due
    if situation.called_ahead:
        due = situation.now
    floors = (refusals_over_at(situation.history), situation.not_before)
    return max([due, *(floor for floor in floors if floor is not None)])


def _promise(situation: Situation) -> datetime | None:
    """A call-back promised in the last talk; a dial that was refused since doesn't take the promise back."""
    talks = [attempt for attempt in situation.history if attempt.counts]
    if not talks or talks[-1].outcome is not AttemptOutcome.CALLBACK_REQUESTED:
        return None
    return promised_callback(situation.callback_at, now=talks[-1].ended_at, zone=situation.zones[0])


def _outside_hours(situation: Situation) -> Decision | None:
    now, hours, zones = situation.now, situation.hours, situation.zones
    if not is_open(now, hours, zones):
        return _sleep_till_open(situation, now)
    closing = closes_at(now, hours, zones)
    if now >= closing - CLOSING_MARGIN:
        return _sleep_till_open(situation, closing)
    return None


def _sleep_till_open(situation: Situation, earliest: datetime) -> Decision:
    opening = next_opening(earliest, situation.hours, situation.zones)
    if opening is None:
        # Nobody is told when hours are edited, so the lead asks again.
        return WaitUntil(earliest + NO_OPENING_PAUSE, "calling hours that ever let this lead be called")
    why = "calling hours open" if opening > earliest else "next attempt"
    return WaitUntil(opening, f"{describe_local(opening, situation.zone_names[0])}, {why}")


def _parked(situation: Situation) -> Decision | None:
    if situation.organization_stopped:
        return Parked("calling is stopped for the whole organization")
    match situation.campaign_status:
        case CampaignStatus.RUNNING:
            return Parked(situation.parked_reason) if situation.parked_reason else None
        case CampaignStatus.DRAFT:
            return Parked("the campaign is a draft; launch it")
        case CampaignStatus.PAUSED:
            return Parked("the campaign is paused")
        case CampaignStatus.FINISHED:
            return Finished(LeadOutcome.BLOCKED, "campaign_finished")


def _no_room(situation: Situation) -> Decision | None:
    closing = closes_at(situation.now, situation.hours, situation.zones) - CLOSING_MARGIN
    if situation.contact_on_a_call:
        pause = min(situation.now + CONTACT_BUSY_PAUSE, closing)
        return WaitUntil(pause, "another call to this number to end")
    capacity = situation.capacity
    if capacity.free_slots <= 0:
        return Queued(closing, "a free slot")
    if capacity.next_dial_at is not None and capacity.next_dial_at > min(situation.now + PACE_HORIZON, closing):
        return Queued(closing, "its turn (calls a second)")
    return None


def _may_dial(situation: Situation) -> MayDial:
    now = situation.now
    closing = closes_at(now, situation.hours, situation.zones)
    not_before = max(now, situation.capacity.next_dial_at or now)
    return MayDial(not_before, min(closing - CLOSING_MARGIN, now + GRANT_LIFE))


_RULES: Sequence[Callable[[Situation], Decision | None]] = (_finished, _not_due, _outside_hours, _parked, _no_room)
