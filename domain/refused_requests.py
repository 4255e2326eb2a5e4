"""Whose fault it is that the provider refuses a request for a reason that we don't know: the lead's or the campaign's.

A lead's number or fields may be such that the provider takes no request for it, ever. A campaign may be set up so that
it takes none for anybody. What the same campaign's other leads met with tells the two apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from itertools import takewhile
from uuid import UUID

PROOF_HOLDS = timedelta(minutes=10)
"""A call that ended longer ago proves nothing any more: the campaign or its agent may have been edited since."""

REFUSED_IN_A_ROW = 3
"""So many other leads, refused for the first time and nobody's call taken in between, aren't all to blame."""

MOST_BLAMED = 2
"""A lead that was refused, and then twice more while others' calls were taken, is set aside: called no more."""


class RequestRefusal(StrEnum):
    """As it is written to the attempt, as the reason why nothing rang."""

    UNCLEAR = "refused_request"
    """The campaign is to blame, or nobody can tell yet."""
    LEAD = "refused_lead"
    """The lead is to blame: others get through."""


class Fault(StrEnum):
    CAMPAIGN = "campaign"
    LEAD = "lead"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class OtherDial:
    """The provider's answer to a dial of another lead: it took the call, or refused the request for no known reason."""

    lead_id: UUID
    was_taken: bool


def whose_fault(others: Sequence[OtherDial], *, was_refused_before: bool) -> Fault:
    """Who is to blame for a refused request.

    With nobody's call taken lately, or several leads refused in a row, the campaign is, so that it is parked before
    anybody is set aside. Otherwise a lead's first refusal blames nobody: it tells about those who are refused next. A
    lead that is refused again while others get through is to blame itself. Its refusals then tell nothing about the
    campaign; so any number of such leads, who come last where many wait, don't park it.

    Args:
        others: Of other leads of the campaign, the last ones, newest first: calls that were taken and aren't over for
            longer than ``PROOF_HOLDS``, and refusals that blame no lead.
        was_refused_before: So was the lead itself, since its last call that counts.
    """
    since_taken = list(takewhile(lambda dial: not dial.was_taken, others))
    if len(since_taken) == len(others) or len({dial.lead_id for dial in since_taken}) >= REFUSED_IN_A_ROW:
        return Fault.CAMPAIGN
    return Fault.LEAD if was_refused_before else Fault.UNKNOWN


def is_set_aside(refusals: Sequence[RequestRefusal]) -> bool:
    """Whether a lead is, by its refusals since its last call that counts."""
    return sum(refusal is RequestRefusal.LEAD for refusal in refusals) >= MOST_BLAMED
