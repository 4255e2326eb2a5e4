"""What a lead in the queue is told to people as: how many go before it, and about when its turn comes."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytz

from domain.calling_hours import DAY_NAMES

QUEUED_FOR = frozenset({"a free slot", "its turn (calls a second)"})
"""What the decision says a lead waits for that stands in its pool's queue."""

EXPECTED_CALL = timedelta(seconds=60)
"""How long a call takes where none has ended lately from which it could be told."""

_EXACT_BELOW = 100
_SOON = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """A lead's place in its pool's queue, and how fast the queue moves.

    Attributes:
        before: Leads that go first.
        calls_ended: Calls of the pool that ended lately.
        ended_within: The time in which they did.
        live_calls: How many the pool carries at once, at least 1.
        calls_per_second: How many the pool may begin in a second, more than 0.
    """

    before: int
    calls_ended: int
    ended_within: timedelta
    live_calls: int
    calls_per_second: float


def served_a_second(queue: Queue) -> float:
    """How many leads of the queue get their turn in a second: as lately, or by the pool's limits where none did."""
    if queue.calls_ended > 0 and queue.ended_within > timedelta(0):
        return queue.calls_ended / queue.ended_within.total_seconds()
    return min(queue.live_calls / EXPECTED_CALL.total_seconds(), queue.calls_per_second)


def describe_place(queue: Queue, *, now: datetime, open_until: datetime | None, zone_name: str) -> str:
    """A sentence such as ``queued, about 4,100 before it, about 10:40``, by the clock of the zone.

    Args:
        now: Timezone-aware.
        open_until: When the lead's calling hours end; without it no time is told.
        zone_name: Where the lead lives (IANA).
    """
    place = f"queued, {_before(queue.before)}"
    if open_until is None:
        return place
    seconds = (queue.before + 1) / served_a_second(queue)
    if seconds > (open_until - now).total_seconds():
        return f"{place}; today's window ends before its turn; goes on at the next opening"
    return f"{place}, about {_clock(now + timedelta(seconds=seconds), now, zone_name)}"


def _before(count: int) -> str:
    if count == 0:
        return "nobody before it"
    if count < _EXACT_BELOW:
        return f"{count} before it"
    return f"about {round(count, 2 - len(str(count))):,} before it"


def _clock(instant: datetime, now: datetime, zone_name: str) -> str:
    """Rounded up to the minute, or where it is still a while to five."""
    zone = pytz.timezone(zone_name)
    minutes = 1 if instant - now < _SOON else 5
    past = timedelta(minutes=instant.minute % minutes, seconds=instant.second, microseconds=instant.microsecond)
    rounded = (instant + timedelta(minutes=minutes) - past if past else instant).astimezone(zone)
    day = "" if rounded.date() == now.astimezone(zone).date() else f"{DAY_NAMES[rounded.weekday()]} "
    return f"{day}{rounded:%H:%M}"
