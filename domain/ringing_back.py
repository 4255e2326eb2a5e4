"""What somebody's own call came to, and what it means for the lead that they were called for."""

from dataclasses import replace
from datetime import datetime

from domain.calls import CallFacts
from domain.decision import ended_by
from domain.dispositions import Then
from domain.outcomes import SettledOutcome, is_known_to_be_silent, outcome_of
from domain.retry_schedule import AttemptSummary
from domain.vocabulary import AttemptOutcome, LeadOutcome

INBOUND, OUTBOUND = "inbound", "outbound"
"""The provider's words for the direction of a call."""

ENDINGS = (LeadOutcome.REACHED, LeadOutcome.OPTED_OUT)
"""How a lead may end by a call of the person's own."""


def inbound_outcome_of(facts: CallFacts) -> SettledOutcome:
    """What a call that came in and has ended came to.

    As for our own calls, but for one thing: who rang and hung up without a word wasn't reached, although we answered.

    Raises:
        ValueError: the call has not ended.
    """
    settled = outcome_of(facts)
    if settled.outcome is AttemptOutcome.ANSWERED and is_known_to_be_silent(facts):
        return replace(settled, outcome=AttemptOutcome.NO_ANSWER)
    return settled


def lead_outcome_by_ringing(outcome: AttemptOutcome, then: Then | None, *, ended_at: datetime) -> LeadOutcome | None:
    """How the call ends its lead; ``None`` where the retry schedule goes on.

    Args:
        then: What the call's disposition says.
        ended_at: Timezone-aware.
    """
    ends = ended_by(AttemptSummary(number=0, outcome=outcome, counts=True, ended_at=ended_at, then=then))
    return ends if ends in ENDINGS else None
