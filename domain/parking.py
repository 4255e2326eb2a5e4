"""What is parked at a refusal, and the calls that try whether it goes again.

An account, a number pool or a campaign whose calls were refused is *parked*: nothing of it is dialled. Now and then one
call goes out all the same, a *probe*; when it gets through, what was parked comes back.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.calls import CallEvent, CallFacts
from domain.disconnection_reasons import PARKING
from domain.outcomes import outcome_of

UNREACHABLE = "unreachable"
"""The reason of an account whose provider could not be reached. It alone needs nobody to act."""

PROBE_EVERY = timedelta(seconds=30)
"""A refused request rings nobody, so a probe costs little; oftener would be hammering on a provider in trouble."""

FIRST_PROBE_WHEN_UNREACHABLE = timedelta(seconds=5)
"""Most outages are a matter of seconds. No connection is waited for longer than this, so by then whatever was on its
way when the account was parked has failed too."""

SHORT_OUTAGE = timedelta(seconds=45)
"""Of an outage of less than 30 seconds the second probe, 35 seconds after the first failure, finds the end."""

CALLER_ID_REST = timedelta(hours=24)
"""A number that a network took for spam is left alone for this long. No network says for how long it should be; a day
lets what is counted by the day begin anew, and a longer rest would leave small pools without numbers."""

_IS_PARKED = " is parked: "
_IN_WORDS = {
    UNREACHABLE: "the provider can't be reached",
    "refused_account": "the provider refuses its key; give it a valid one",
    "refused_payment": "the provider wants to be paid first",
    "refused_agent": "the provider doesn't find its agent; name one that is published",
    "refused_request": "the provider refuses its requests; look at its settings",
    "refused_caller_id": "the account doesn't own its numbers; import them at the provider",
    "no_valid_payment": "the provider wants to be paid first",
    "credit_exhausted": "its credit at the provider is used up",
    "budget_reached": "its budget at the provider is used up",
    "telephony_provider_permission_denied": "its carrier doesn't permit these calls; ask it to",
    "scam_detected": "the provider took its calls for a scam; look at its agent",
}


@dataclass(frozen=True, slots=True)
class Parking:
    """One thing that is parked. ``what`` and ``name`` are words for people; ``probe_at`` of none: it isn't probed."""

    what: str
    name: str
    reason: str | None
    probe_at: datetime | None


def describe(parking: Parking) -> str:
    """What is parked, why, and what becomes of it, in a sentence for people."""
    reason = parking.reason or "no reason was noted"
    told = f"{_IN_WORDS[reason]} ({reason})" if reason in _IN_WORDS else reason
    return f"the {parking.what} {parking.name}{_IS_PARKED}{told}; {_what_comes(parking)}"


def tells_of_parking(waiting_for: str) -> bool:
    """Whether somebody waits for something that was parked when this was written, as by ``describe``."""
    return _IS_PARKED in waiting_for


def first_probe_at(reason: str, now: datetime) -> datetime:
    return now + (FIRST_PROBE_WHEN_UNREACHABLE if reason == UNREACHABLE else PROBE_EVERY)


def may_be_tried(parked: Sequence[Parking], now: datetime) -> bool:
    """Whether a call may go out through all of these to try them; not if any was tried a moment ago."""
    return all(one.probe_at is not None and one.probe_at <= now for one in parked)


def next_probes(parked: int, now: datetime) -> Iterable[datetime]:
    """When each of so many may be tried again that one call tries now, the outermost first.

    What lies within is left alone twice as long as what lies around it. Otherwise a campaign that will be refused for
    ever could be the one whose calls try its account each time, and keep that parked for ever too.
    """
    return (now + PROBE_EVERY * 2**depth for depth in range(parked))


def comes_back_by_steps(reason: str | None, parked_at: datetime, now: datetime) -> bool:
    """Whether what is released now is loaded by steps; after a short outage nothing has piled up that it could drop."""
    return reason != UNREACHABLE or now - parked_at > SHORT_OUTAGE


def got_through(facts: CallFacts) -> bool:
    """Whether this report proves that the call rang a phone, so that what it went through works.

    A call that ended for a reason which parks something proves the contrary, however far it came.
    """
    if facts.ended:
        settled = outcome_of(facts)
        return settled.counts and settled.follow_up not in PARKING
    if facts.event is CallEvent.LOOKED_UP:
        return facts.provider_status == "ongoing"
    return True


def _what_comes(parking: Parking) -> str:
    if parking.probe_at is None:
        return "resume it when that is mended"
    return f"it is tried again every {PROBE_EVERY.seconds} seconds"
