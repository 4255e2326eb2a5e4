"""From when on a lead may be called by all that counts dials and keeps promises, whatever the hours say, and why."""

from datetime import datetime
from typing import NamedTuple

from domain.attempt_caps import held_back
from domain.callbacks import promised_callback
from domain.dispositions import Then
from domain.parts_of_day import other_part_of_day
from domain.retry_schedule import next_due, refusals_over_at
from domain.situation import Situation
from domain.vocabulary import AttemptOutcome

CALLED_AHEAD = "somebody who wants it called at once"
RETRY_SCHEDULE = "the retry schedule"
OTHER_PART_OF_DAY = "the retry schedule, in the part of the day that was tried least"
PROMISE = "a promise to call back"
AFTER_A_REFUSAL = "the pause after a refused dial"
NOT_BEFORE = "its own not_before"


class Due(NamedTuple):
    """``at``: the instant from which the lead may be called, in UTC, possibly past.

    ``by``: what decides that it isn't earlier, the last of all that hold it back, in a few words for people.
    """

    at: datetime
    by: str


def when_due(situation: Situation) -> Due | None:
    """From when on the lead may be called; ``None`` when its attempts are used up.

    A promised call-back comes before the retry schedule, and being called ahead before both. Caps, the pause after a
    refusal and the lead's own ``not_before`` hold against all of them.
    """
    scheduled = next_due(situation.schedule, situation.history, situation.now)
    if scheduled is None:
        return None
    refusals_over = refusals_over_at(situation.history)
    due = Due(situation.now, CALLED_AHEAD) if situation.called_ahead else _next_call(situation, scheduled)
    if refusals_over is not None and refusals_over >= due.at:
        due = Due(refusals_over, AFTER_A_REFUSAL)
    if situation.not_before is not None and situation.not_before > due.at:
        due = Due(situation.not_before, NOT_BEFORE)
    return _within_caps(situation, due)


def _next_call(situation: Situation, scheduled: datetime) -> Due:
    promised = _promise(situation)
    if promised is not None:
        return Due(promised, PROMISE)
    varied = _in_another_part_of_the_day(situation, scheduled)
    return Due(varied, RETRY_SCHEDULE if varied == scheduled else OTHER_PART_OF_DAY)


def _promise(situation: Situation) -> datetime | None:
    """A call-back promised in the last talk; a dial that was refused since doesn't take the promise back."""
    talks = [attempt for attempt in situation.history if attempt.counts]
    if not talks:
        return None
    last = talks[-1]
    if last.then is not Then.CALL_BACK and last.outcome is not AttemptOutcome.CALLBACK_REQUESTED:
        return None
    return promised_callback(situation.callback_at, now=last.ended_at, zone=situation.zones[0])


def _in_another_part_of_the_day(situation: Situation, due: datetime) -> datetime:
    """Worked out from what is past only, so that it comes to the same whenever it is asked."""
    counted = [attempt for attempt in situation.history if attempt.counts]
    if not situation.vary_part_of_day or not counted or counted[-1].outcome is not AttemptOutcome.NO_ANSWER:
        return due
    unanswered = [attempt.ended_at for attempt in counted if attempt.outcome is AttemptOutcome.NO_ANSWER]
    return other_part_of_day(due, unanswered, situation.hours, situation.zones)


def _within_caps(situation: Situation, due: Due) -> Due:
    """The contact's day may end at several instants where its zone isn't certain: the latest holds."""
    earliest = max(due.at, situation.now)
    for zone in situation.zones:
        held = held_back(situation.caps, situation.contact_dials, zone, earliest)
        if held is not None and held.until > due.at:
            due = Due(*held)
    return due
