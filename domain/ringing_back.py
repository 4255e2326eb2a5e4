"""What somebody's own call came to, and what it means for the lead that they were called for."""

from dataclasses import replace
from datetime import datetime, timedelta

from domain.calls import CallFacts
from domain.decision import ended_by
from domain.dispositions import Then
from domain.outcomes import SettledOutcome, is_known_to_be_silent, outcome_of
from domain.retry_schedule import AttemptSummary
from domain.vocabulary import AttemptOutcome, LeadOutcome

INBOUND, OUTBOUND = "inbound", "outbound"
"""The provider's words for the direction of a call."""

FIRST_QUESTION = timedelta(minutes=10)
"""So long after a call was first heard of the provider is asked whether it still goes on.

Most calls are over by then, so that a question mostly finds an end whose webhook was lost; a shorter wait would ask
about many that only go on, a longer one keeps the person from being called for nothing.
"""

GIVE_UP_AFTER = timedelta(hours=2)
"""What the provider couldn't tell for so long is over: no call lasts longer.

Source: retell-sdk 6.2.13, max_call_duration_ms.
"""

_SOONEST, _LATEST = timedelta(minutes=1), timedelta(minutes=15)

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


def next_question_after(known_for: timedelta) -> timedelta:
    """How long to wait before the provider is asked again about a call that goes on, or that it couldn't tell of.

    Half as long as the call is known: the longer it has gone on, the longer it may go on yet.
    """
    return min(max(known_for / 2, _SOONEST), _LATEST)


def lead_outcome_by_ringing(outcome: AttemptOutcome, then: Then | None, *, ended_at: datetime) -> LeadOutcome | None:
    """How the call ends its lead; ``None`` where the retry schedule goes on.

    Args:
        then: What the call's disposition says.
        ended_at: Timezone-aware.
    """
    ends = ended_by(AttemptSummary(number=0, outcome=outcome, counts=True, ended_at=ended_at, then=then))
    return ends if ends in ENDINGS else None
