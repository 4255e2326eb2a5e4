"""What becomes of a finished lead when a person corrects what its last call meant."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from domain.decision import Finished, decide, ended_by
from domain.dispositions import Then
from domain.retry_schedule import AttemptSummary
from domain.situation import Situation
from domain.vocabulary import OVER, LeadOutcome

_BY_CALLS = frozenset(
    {
        LeadOutcome.REACHED,
        LeadOutcome.OPTED_OUT,
        LeadOutcome.INVALID_NUMBER,
        LeadOutcome.MAX_ATTEMPTS_REACHED,
    }
)


@dataclass(frozen=True, slots=True)
class Reweighed:
    """``finished``: how the lead is done now; None where it goes on, by its schedule and with its calls counted.

    ``asks_for_calls``: as the call is named now, somebody would have expected the lead to go on.
    """

    finished: Finished | None
    asks_for_calls: bool


def reweigh(situation: Situation, outcome: LeadOutcome, *, number: int, before: Then | None) -> Reweighed:
    """Decide about a finished lead as if its call ``number`` had been named at first as it is named now.

    Only what this call had ended goes on. What else ended the lead holds (it was cancelled or blocked), and so does
    all that ends a lead which waits.

    Args:
        situation: Of the lead, with the call as it is named now.
        outcome: How the lead is done.
        before: What the call's disposition said before.
    """
    call = _call(situation.history, number)
    had_ended = ended_by(replace(call, then=before)) is not None
    goes_on = had_ended and ended_by(call) is None
    asks_for_calls = goes_on or call.then in (Then.RETRY, Then.CALL_BACK)
    stands = Finished(outcome, situation.blocked_reason)
    if outcome not in _BY_CALLS:
        return Reweighed(stands, asks_for_calls)
    decision = decide(replace(situation, outcome=None, blocked_reason=None))
    # That the campaign is over ends nobody who is done anyway, whatever the hour.
    if isinstance(decision, Finished) and (goes_on or decision.outcome is not LeadOutcome.CANCELLED):
        return Reweighed(decision, asks_for_calls)
    if goes_on and situation.campaign_status in OVER:
        return Reweighed(Finished(LeadOutcome.CANCELLED), asks_for_calls)
    return Reweighed(None if goes_on else stands, asks_for_calls)


def _call(history: Sequence[AttemptSummary], number: int) -> AttemptSummary:
    return next(call for call in history if call.number == number)
