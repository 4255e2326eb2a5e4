"""From when on a lead may be called by all that counts dials and keeps promises, whatever the hours say."""

from datetime import datetime

from domain.attempt_caps import cap_until
from domain.callbacks import promised_callback
from domain.dispositions import Then
from domain.parts_of_day import other_part_of_day
from domain.retry_schedule import next_due, refusals_over_at
from domain.situation import Situation
from domain.vocabulary import AttemptOutcome


def due_at(situation: Situation) -> datetime | None:
    """The instant from which the lead may be called, in UTC, possibly past; ``None`` when its attempts are used up.

    A promised call-back comes before the retry schedule, and being called ahead before both. Caps, the pause after a
    refusal and the lead's own ``not_before`` hold against all of them.
    """
    scheduled = next_due(situation.schedule, situation.history, situation.now)
    if scheduled is None:
        return None
    if situation.called_ahead:
        due = situation.now
    else:
        due = _promise(situation) or _in_another_part_of_the_day(situation, scheduled)
    floors = (refusals_over_at(situation.history), situation.not_before)
    due = max([due, *(floor for floor in floors if floor is not None)])
    return _within_caps(situation, due)


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


def _within_caps(situation: Situation, due: datetime) -> datetime:
    """The contact's day may end at several instants where its zone isn't certain: the latest holds."""
    earliest = max(due, situation.now)
    allowed = [cap_until(situation.caps, situation.contact_dials, zone, earliest) for zone in situation.zones]
    return max([due, *(instant for instant in allowed if instant is not None)])
