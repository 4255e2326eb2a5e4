"""Another part of the day for somebody who didn't answer in this one."""

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum

from domain.calling_hours import CallingHours, Window, intersect, next_opening

LONGEST_POSTPONEMENT = timedelta(hours=24)


class PartOfDay(StrEnum):
    """By the wall clock: morning until 11:00, midday until 14:00, afternoon until 17:00, evening after that."""

    MORNING = "morning"
    MIDDAY = "midday"
    AFTERNOON = "afternoon"
    EVENING = "evening"


_MINUTES = {
    PartOfDay.MORNING: (0, 11 * 60),
    PartOfDay.MIDDAY: (11 * 60, 14 * 60),
    PartOfDay.AFTERNOON: (14 * 60, 17 * 60),
    PartOfDay.EVENING: (17 * 60, 24 * 60),
}


def part_of_day(instant: datetime, zone: tzinfo) -> PartOfDay:
    """The part of the day in which an instant lies on the zone's clock."""
    local = instant.astimezone(zone)
    minute = local.hour * 60 + local.minute
    return next(part for part, (begins, ends) in _MINUTES.items() if begins <= minute < ends)


def other_part_of_day(
    due: datetime,
    unanswered_at: Sequence[datetime],
    hours: CallingHours,
    zones: Sequence[tzinfo],
    *,
    at_most: timedelta = LONGEST_POSTPONEMENT,
) -> datetime:
    """When to dial again so that the lead is tried in the part of the day that was tried least; ``due`` or later.

    Of the parts in which the hours are open between ``due`` and ``at_most`` later, the one with the fewest earlier
    dials is taken, the earliest of several. A dial counts for a part when it lay in it on one of the lead's clocks.

    Args:
        due: When the retry schedule would dial; timezone-aware.
        unanswered_at: When the earlier dials that nobody answered were made, in any order.
        hours: The campaign's windows cut with the rules.
        zones: Every zone the lead may be in; one at least.
        at_most: How much later than ``due`` the answer may be.

    Returns:
        An instant in UTC at which the hours are open; ``due`` as it is where they don't open soon enough for a choice.
    """
    tried = [{part_of_day(instant, zone) for zone in zones} for instant in unanswered_at]
    choices = []
    for part in PartOfDay:
        opening = next_opening(due, intersect(hours, _hours_of(part)), zones)
        if opening is not None and opening <= due + at_most:
            choices.append((sum(part in parts for parts in tried), opening))
    return min(choices)[1] if choices else due


def _hours_of(part: PartOfDay) -> CallingHours:
    begins, ends = _MINUTES[part]
    return CallingHours((Window(frozenset(range(7)), begins, ends),))
