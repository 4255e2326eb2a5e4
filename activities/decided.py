"""What a decision writes into its lead's row where nothing is granted. Callers hold the lead's locks and commit."""

from datetime import datetime

from domain.decision import Finished, LookAgain, closing_of
from domain.situation import Situation
from domain.steps import Parked, Queued, Stop, WaitUntil
from domain.vocabulary import LeadStatus
from storage.models import LeadRow
from storage.situations import LeadWithContext


def note(context: LeadWithContext, situation: Situation) -> None:
    """What the lead's row repeats of its attempts, and when it was last decided about.

    What a call of the person's own meant comes after them all.
    """
    named = [attempt.disposition for attempt in context.attempts if attempt.disposition is not None]
    if named and context.lead.rang_back is None:
        context.lead.disposition = named[-1]
    context.lead.planned_at = situation.now


def finish(context: LeadWithContext, finished: Finished, now: datetime) -> Stop:
    lead = context.lead
    if lead.status != LeadStatus.DONE:
        lead.status = LeadStatus.DONE
        lead.outcome = finished.outcome
        lead.blocked_reason = finished.blocked_reason
        lead.done_at = now
        lead.earliest_at = lead.due_at = lead.open_until = lead.next_attempt_at = lead.waiting_for = None
    reason = f": {finished.blocked_reason}" if finished.blocked_reason else ""
    return Stop(f"{finished.outcome}{reason}")


def look_again(lead: LeadRow, look: LookAgain) -> WaitUntil:
    """No attempt is planned: who reads the row is told of none."""
    lead.status = LeadStatus.NEW
    lead.earliest_at = lead.due_at = look.at
    lead.open_until = look.open_until
    lead.next_attempt_at = None
    lead.waiting_for = look.why
    return WaitUntil(look.at, look.why)


def hold(context: LeadWithContext, held: Queued | Parked, situation: Situation) -> Queued | Parked:
    """The lead may be called now but for somebody else's doing: it is due, and found by whoever hands slots on."""
    lead, now = context.lead, situation.now
    lead.status = LeadStatus.NEW
    lead.due_at = min(lead.due_at or now, now)
    lead.earliest_at = min(lead.earliest_at or now, now)
    lead.open_until = closing_of(situation)
    lead.next_attempt_at = None
    lead.waiting_for = held.why
    return held
