# ruff: noqa: N818 - a name says what happened, as in the house's other error trees
"""When a lead is tried again after a call that didn't reach anybody, and when trying ends."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from types import MappingProxyType

from domain.dispositions import Then
from domain.refused_requests import RequestRefusal
from domain.vocabulary import AttemptOutcome

MOST_DELAYS = 20
LONGEST_DELAY = timedelta(days=90)

FIRST_REFUSAL_PAUSE = timedelta(seconds=1)
LONGEST_REFUSAL_PAUSE = timedelta(seconds=60)

REQUEST_REFUSAL_PAUSE = timedelta(seconds=35)
"""A request that was refused for what is in it is refused a second later too. By then the next probe of what it parked
has gone to another lead, and others of the campaign were dialled, which tells whose fault it is."""

DEFAULT_DELAYS: Mapping[AttemptOutcome, tuple[timedelta, ...]] = MappingProxyType(
    {
        AttemptOutcome.NO_ANSWER: (timedelta(minutes=30), timedelta(hours=4), timedelta(days=1)),
        AttemptOutcome.BUSY: (timedelta(minutes=10),),
        AttemptOutcome.VOICEMAIL: (timedelta(days=1),),
        AttemptOutcome.FAILED: (timedelta(minutes=5),),
        # Somebody pressed the button: not again the same day.
        AttemptOutcome.DECLINED: (timedelta(days=1),),
        # It may have rung, or somebody may even have answered.
        AttemptOutcome.UNKNOWN: (timedelta(hours=4),),
        # Asked for another call without a time that can be kept.
        AttemptOutcome.CALLBACK_REQUESTED: (timedelta(hours=4), timedelta(days=1)),
        # Wanted to speak with a person just now; soon there may be one.
        AttemptOutcome.TRANSFER_CANCELLED: (timedelta(minutes=15), timedelta(hours=2), timedelta(days=1)),
    }
)
"""Outcomes that are missing here end the lead at once, or (``refused``) have a pause of their own."""

_TALKS = frozenset(
    {
        AttemptOutcome.ANSWERED,
        AttemptOutcome.TRANSFERRED,
        AttemptOutcome.CALLBACK_REQUESTED,
        AttemptOutcome.TRANSFER_CANCELLED,
    }
)


class InvalidRetryDelays(ValueError):
    """These delays can't be kept. The text is a sentence for the person who wrote them, and says what to give."""


@dataclass(frozen=True, slots=True)
class RetrySchedule:
    """How often a lead is dialled at most, and the pauses after each outcome; the last pause repeats.

    Outcomes that ``delays`` doesn't name have those of ``DEFAULT_DELAYS``.

    Raises:
        ValueError: ``max_attempts`` is less than 1.
    """

    max_attempts: int
    delays: Mapping[AttemptOutcome, tuple[timedelta, ...]]

    def __post_init__(self) -> None:
        if self.max_attempts < 1:
            raise ValueError(f"A lead needs 1 attempt at least, not {self.max_attempts}.")

    def pauses_after(self, outcome: AttemptOutcome) -> tuple[timedelta, ...]:
        return self.delays.get(outcome) or DEFAULT_DELAYS.get(outcome, ())


@dataclass(frozen=True, slots=True)
class AttemptSummary:
    """What the schedule needs to know of one finished attempt.

    ``ended_at`` is timezone-aware. ``then``: what the call's disposition says; ``None`` leaves it to the outcome.
    ``refusal``: of a request that the provider refused for a reason that nobody knows.
    """

    number: int
    outcome: AttemptOutcome
    counts: bool
    ended_at: datetime
    then: Then | None = None
    refusal: RequestRefusal | None = None

    @property
    def is_talk(self) -> bool:
        return self.outcome in _TALKS

    @property
    def retried_as(self) -> AttemptOutcome:
        """The outcome whose pauses hold: a talk that is to be taken up again is like one that asked for it.

        A cancelled transfer has its own, whatever the disposition says of it.
        """
        if self.outcome is AttemptOutcome.TRANSFER_CANCELLED:
            return self.outcome
        goes_on = self.then in (Then.RETRY, Then.CALL_BACK)
        return AttemptOutcome.CALLBACK_REQUESTED if goes_on and self.is_talk else self.outcome


def next_due(schedule: RetrySchedule, history: Sequence[AttemptSummary], now: datetime) -> datetime | None:
    """The instant from which the lead may be dialled again, as far as the schedule goes; it may lie in the past.

    After a counted attempt the pause is the one for its outcome: the first for the first such outcome, the second for
    the second, and so on. Refused attempts (``counts`` false) use up nothing; after one the pause is 1 s, after two in
    a row 2 s, and so on up to 60 s (35 s at least where the request itself was refused), and never ends before the
    pause of the last counted attempt does.

    Args:
        history: The finished attempts of this life of the lead, oldest first.
        now: What is answered when nothing was tried yet; timezone-aware.

    Returns:
        ``None`` when the schedule is used up: by ``max_attempts`` counted attempts, or by an outcome after which
        nobody is called again.
    """
    counted = [attempt for attempt in history if attempt.counts]
    if len(counted) >= schedule.max_attempts:
        return None
    after_refusals = refusals_over_at(history)
    if not counted:
        return after_refusals or now
    due = _after_counted(schedule, counted)
    return max(due, after_refusals or due) if due is not None else None


def parse_retry_delays(written: object) -> dict[AttemptOutcome, tuple[timedelta, ...]]:
    """Delays from their JSON form, outcome -> seconds: ``{"no_answer": [1800, 14400], "busy": [600]}``.

    Raises:
        InvalidRetryDelays: An outcome that is unknown or isn't retried, or anything but 1 to 20 whole numbers of
            seconds from 0 to 90 days.
    """
    if not isinstance(written, dict):
        raise InvalidRetryDelays('Give an object of outcomes and lists of seconds: {"no_answer": [1800, 14400]}.')
    return {_retried_outcome(name): _pauses(name, seconds) for name, seconds in written.items()}


def refusals_over_at(history: Sequence[AttemptSummary]) -> datetime | None:
    """When the pause after the refused attempts at the end of the history is over; None when there are none."""
    refusals = refused_since_counted(history)
    if not refusals:
        return None
    # Bounded before doubling: a thousand refusals in a row would otherwise be a pause of 2**1000 seconds.
    doublings = min(len(refusals) - 1, 6)
    last = refusals[0]
    least = FIRST_REFUSAL_PAUSE if last.refusal is None else REQUEST_REFUSAL_PAUSE
    return last.ended_at + min(max(FIRST_REFUSAL_PAUSE * (1 << doublings), least), LONGEST_REFUSAL_PAUSE)


def refused_since_counted(history: Sequence[AttemptSummary]) -> Sequence[AttemptSummary]:
    """The refused attempts at the end of the history, the newest first."""
    return list(takewhile(lambda attempt: not attempt.counts, reversed(history)))


def _after_counted(schedule: RetrySchedule, counted: Sequence[AttemptSummary]) -> datetime | None:
    last = counted[-1]
    pauses = schedule.pauses_after(last.retried_as)
    if not pauses:
        return None
    earlier = sum(attempt.retried_as is last.retried_as for attempt in counted[:-1])
    return last.ended_at + pauses[min(earlier, len(pauses) - 1)]


def _retried_outcome(name: object) -> AttemptOutcome:
    for outcome in DEFAULT_DELAYS:
        if name == outcome.value:
            return outcome
    allowed = ", ".join(DEFAULT_DELAYS)
    known = name in set(AttemptOutcome)
    problem = f"After {name} the schedule has no say" if known else f"{str(name)[:40]!r} is no outcome"
    raise InvalidRetryDelays(f"{problem}. Give delays for some of {allowed}.")


def _pauses(name: object, seconds: object) -> tuple[timedelta, ...]:
    if not isinstance(seconds, list) or not 1 <= len(seconds) <= MOST_DELAYS:
        raise InvalidRetryDelays(f"{name} needs a list of 1 to {MOST_DELAYS} delays in seconds; the last one repeats.")
    return tuple(_pause(name, delay) for delay in seconds)


def _pause(name: object, seconds: object) -> timedelta:
    longest = int(LONGEST_DELAY.total_seconds())
    # True is a whole number to Python and none to anybody else.
    if not isinstance(seconds, int) or isinstance(seconds, bool) or not 0 <= seconds <= longest:
        raise InvalidRetryDelays(
            f"{name} has a delay that isn't a whole number of seconds from 0 to {longest} (90 days)."
        )
    return timedelta(seconds=seconds)
