"""What a refused dial means for the attempt and for those who would dial next."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import assert_never

from domain.parking import UNREACHABLE
from domain.vocabulary import AttemptOutcome
from telephony.errors import ProviderBusy, ProviderRejected, ProviderUnreachable, RejectionReason


class Parks(StrEnum):
    """Whose calls would be refused for the same reason."""

    NOBODY = "nobody"
    ACCOUNT = "account"
    NUMBER_POOL = "number_pool"
    CAMPAIGN = "campaign"


@dataclass(frozen=True, slots=True)
class Refusal:
    """``reason`` is written to the attempt; ``pause``: for how long the pool dials nobody else.

    ``parked_as``: the reason that whatever is parked is given, where it isn't the attempt's. ``sets_lead_aside``: the
    lead is called no more.
    """

    reason: str
    outcome: AttemptOutcome = AttemptOutcome.REFUSED
    parks: Parks = Parks.NOBODY
    parked_as: str | None = None
    pause: timedelta = timedelta(0)
    do_not_call: bool = False
    sets_lead_aside: bool = False


BUSY_PAUSE = timedelta(seconds=1)
"""Source: the provider's advice for too many calls a second is a backoff that begins with one second."""


def refusal_of(error: ProviderBusy | ProviderRejected | ProviderUnreachable) -> Refusal:
    match error:
        case ProviderBusy(retry_after=retry_after):
            return Refusal("provider_busy", pause=retry_after or BUSY_PAUSE)
        case ProviderUnreachable():
            return Refusal("provider_unreachable", parks=Parks.ACCOUNT, parked_as=UNREACHABLE)
        case ProviderRejected(reason=reason):
            return _rejection(reason)
        case never:
            assert_never(never)


def _rejection(reason: RejectionReason) -> Refusal:
    """Who is parked at the first refusal follows from who has to act before a dial can succeed again."""
    match reason:
        case RejectionReason.ACCOUNT | RejectionReason.PAYMENT:
            return Refusal(f"refused_{reason}", parks=Parks.ACCOUNT)
        case RejectionReason.AGENT | RejectionReason.REQUEST:
            return Refusal(f"refused_{reason}", parks=Parks.CAMPAIGN)
        case RejectionReason.CALLER_ID:
            return Refusal(f"refused_{reason}", parks=Parks.NUMBER_POOL)
        case RejectionReason.NUMBER:
            return Refusal("invalid_destination", outcome=AttemptOutcome.INVALID_NUMBER)
        case RejectionReason.DO_NOT_CALL:
            return Refusal("provider_do_not_call", outcome=AttemptOutcome.OPTED_OUT, do_not_call=True)
        case never:
            assert_never(never)
