"""What may happen to a lead now. The one place where all the facts about it are weighed, pure and in one order.

The transaction that grants a slot and the gate right before the request both ask here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from domain.calling_hours import closes_at, describe_local, is_open, next_opening
from domain.dispositions import Then
from domain.due import when_due
from domain.never_open import why_never_open
from domain.outcomes import lead_outcome_for
from domain.refused_requests import is_set_aside
from domain.retry_schedule import AttemptSummary, refused_since_counted
from domain.situation import UNLIMITED, Situation
from domain.steps import Parked, Queued
from domain.vocabulary import OVER, BlockedReason, CampaignStatus, LeadOutcome

CLOSING_MARGIN = timedelta(seconds=5)
"""A request leaves at least this long before the window closes."""

GRANT_LIFE = timedelta(seconds=30)
"""A grant that nobody took up by then is given back."""

PACE_HORIZON = timedelta(seconds=5)
"""Nobody gets a slot for a dial that calls a second would put off longer than this; the queue is fairer."""

CONTACT_BUSY = "another call to this number to end"
"""Whoever writes that a call is over makes the leads due that wait for this by these words (a trigger of migration
``2026_11_29_contacts_come_free``)."""

CONTACT_BUSY_PAUSE = timedelta(minutes=5)
"""Only who misses the end of that call waits so long: a lead whose row was locked or planned in bulk just then."""

NO_OPENING_PAUSE = timedelta(days=1)
"""A lead whose hours never open looks again after this, for a rule or a time zone may have changed."""

STOPPED = "calling is stopped for the whole organization"
_HELD_UP = {
    CampaignStatus.DRAFT: "the campaign is a draft; launch it",
    CampaignStatus.PAUSED: "the campaign is paused",
}

CLOSING_SPREAD = timedelta(minutes=15)
"""Those who were still queued when the window closed wake within this after it, one by one, to plan the next day."""


@dataclass(frozen=True, slots=True)
class Finished:
    outcome: LeadOutcome
    blocked_reason: str | None = None


@dataclass(frozen=True, slots=True)
class NotYet:
    """May be called from ``opens_at`` on.

    Attributes:
        earliest: From when on the lead may be called by the schedule and the caps, whatever the hours say.
        opens_at: The first instant after it within the calling hours.
        open_until: When the hours around ``opens_at`` end.
    """

    earliest: datetime
    opens_at: datetime
    open_until: datetime
    why: str


@dataclass(frozen=True, slots=True)
class LookAgain:
    """Nobody can tell when the lead may be called; it looks again at ``at``, unless something comes to pass before.

    ``open_until``: when the hours that are open now end; ``None`` for hours that never open.
    """

    at: datetime
    open_until: datetime | None
    why: str


@dataclass(frozen=True, slots=True)
class MayDial:
    """A request may leave from ``not_before`` to ``not_after`` (UTC)."""

    not_before: datetime
    not_after: datetime


Decision = Finished | NotYet | LookAgain | Queued | Parked | MayDial


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


def closing_of(situation: Situation) -> datetime | None:
    """Until when requests may leave in the hours that are open now; ``None`` when they are closed."""
    if not is_open(situation.now, situation.hours, situation.zones):
        return None
    return closes_at(situation.now, situation.hours, situation.zones) - CLOSING_MARGIN


def _finished(situation: Situation) -> Decision | None:
    """A lead that is done stays done; what ends it comes in the order in which people would name it."""
    if situation.outcome is not None:
        return Finished(situation.outcome, situation.blocked_reason)
    if situation.erased:
        return Finished(LeadOutcome.ERASED)
    by_calls = _finished_by_calls(situation.history)
    if by_calls is not None:
        return by_calls
    if situation.rang_back is not None:
        return Finished(situation.rang_back)
    if situation.cancelled:
        return Finished(LeadOutcome.CANCELLED)
    if situation.do_not_call:
        return Finished(LeadOutcome.BLOCKED, BlockedReason.DO_NOT_CALL)
    if situation.consent_missing:
        return Finished(LeadOutcome.BLOCKED, BlockedReason.CONSENT_MISSING)
    if situation.reached_elsewhere:
        return Finished(LeadOutcome.BLOCKED, BlockedReason.REACHED_RECENTLY)
    if _is_set_aside(situation.history):
        return Finished(LeadOutcome.BLOCKED, BlockedReason.REFUSED_BY_PROVIDER)
    return None


def _finished_by_calls(history: Sequence[AttemptSummary]) -> Finished | None:
    for attempt in history:
        outcome = ended_by(attempt)
        if outcome is not None:
            return Finished(outcome)
    return None


def _is_set_aside(history: Sequence[AttemptSummary]) -> bool:
    refused = refused_since_counted(history)
    return is_set_aside([attempt.refusal for attempt in refused if attempt.refusal is not None])


def ended_by(attempt: AttemptSummary) -> LeadOutcome | None:
    """How a finished call ends its lead at once; ``None`` where the retry schedule goes on.

    What a person asked for, or a number that doesn't exist, no disposition takes back.
    """
    by_outcome = lead_outcome_for(attempt.outcome)
    if by_outcome in (LeadOutcome.OPTED_OUT, LeadOutcome.INVALID_NUMBER):
        return by_outcome
    match attempt.then:
        case None:
            return by_outcome
        case Then.DO_NOT_CALL:
            return LeadOutcome.OPTED_OUT
        case Then.STOP:
            return by_outcome or (LeadOutcome.REACHED if attempt.is_talk else LeadOutcome.MAX_ATTEMPTS_REACHED)
        case Then.RETRY | Then.CALL_BACK:
            return None


def _not_due(situation: Situation) -> Decision | None:
    due = when_due(situation)
    if due is None:
        return Finished(LeadOutcome.MAX_ATTEMPTS_REACHED)
    if due.at <= situation.now:
        return None
    return _till_open(situation, due.at, held_back_by=due.by)


def _outside_hours(situation: Situation) -> Decision | None:
    now, hours, zones = situation.now, situation.hours, situation.zones
    if not is_open(now, hours, zones):
        return _till_open(situation, now)
    closing = closes_at(now, hours, zones)
    if now >= closing - CLOSING_MARGIN:
        return _till_open(situation, closing)
    return None


def _till_open(situation: Situation, earliest: datetime, *, held_back_by: str | None = None) -> Decision:
    opening = next_opening(earliest, situation.hours, situation.zones)
    if opening is None:
        # Nobody is told when a rule changes, so the lead asks again.
        return LookAgain(situation.now + NO_OPENING_PAUSE, None, _why_never(situation, earliest))
    why = _why_then(situation, opening, earliest, held_back_by)
    open_until = closes_at(opening, situation.hours, situation.zones) - CLOSING_MARGIN
    return NotYet(earliest, opening, open_until, f"{describe_local(opening, situation.zone_names[0])}, {why}")


def _why_never(situation: Situation, earliest: datetime) -> str:
    return why_never_open(
        earliest,
        situation.hours,
        situation.zones,
        zone_names=situation.zone_names,
        rule_hours=situation.rule_hours,
    )


def _why_then(situation: Situation, opening: datetime, earliest: datetime, held_back_by: str | None) -> str:
    """Why not before, in a sentence for people. What holds back no longer than the hours do isn't named."""
    if opening == earliest:
        return f"next attempt by {held_back_by}" if held_back_by else "next attempt"
    if held_back_by and next_opening(situation.now, situation.hours, situation.zones) != opening:
        return f"calling hours open; before that held back by {held_back_by}"
    return "calling hours open"


def why_held_up(campaign_status: CampaignStatus, *, organization_stopped: bool) -> str | None:
    """What people have told to hold up a campaign's leads, in a sentence for people; None where they have not."""
    return STOPPED if organization_stopped else _HELD_UP.get(campaign_status)


def _parked(situation: Situation) -> Decision | None:
    held_up = why_held_up(situation.campaign_status, organization_stopped=situation.organization_stopped)
    if held_up is not None:
        return Parked(held_up)
    if situation.campaign_status in OVER:
        return Finished(LeadOutcome.CANCELLED)
    return Parked(situation.parked_reason) if situation.parked_reason else None


def _no_room(situation: Situation) -> Decision | None:
    closing = closes_at(situation.now, situation.hours, situation.zones) - CLOSING_MARGIN
    if situation.contact_is_busy:
        return LookAgain(min(situation.now + CONTACT_BUSY_PAUSE, closing), closing, CONTACT_BUSY)
    capacity = situation.capacity
    after_closing = closing + CLOSING_MARGIN + situation.spread * CLOSING_SPREAD
    if capacity.free_slots <= 0:
        return Queued(after_closing, capacity.lacking)
    if capacity.next_dial_at is not None and capacity.next_dial_at > min(situation.now + PACE_HORIZON, closing):
        return Queued(after_closing, "its turn (calls a second)")
    return None


def _may_dial(situation: Situation) -> MayDial:
    now = situation.now
    closing = closes_at(now, situation.hours, situation.zones)
    not_before = max(now, situation.capacity.next_dial_at or now)
    return MayDial(not_before, min(closing - CLOSING_MARGIN, now + GRANT_LIFE))


_RULES: Sequence[Callable[[Situation], Decision | None]] = (_finished, _not_due, _outside_hours, _parked, _no_room)
