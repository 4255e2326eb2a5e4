"""How often one contact may be dialled, over all leads and campaigns of the organisation."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import NamedTuple

from domain.local_days import next_local_day

ROLLING = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptCaps:
    """``None`` stands for no such cap.

    Attributes:
        per_day: Dials on one date of the contact's wall clock.
        per_24_hours: Dials in any 24 hours.
        least_distance: From one dial to the next.

    Raises:
        ValueError: A cap below 1 or a distance below zero; somebody who may never be called needs no cap.
    """

    per_day: int | None = None
    per_24_hours: int | None = None
    least_distance: timedelta | None = None

    def __post_init__(self) -> None:
        for cap in (self.per_day, self.per_24_hours):
            if cap is not None and cap < 1:
                raise ValueError(f"A cap has to allow 1 dial at least, not {cap}; use do-not-call to allow none.")
        if self.least_distance is not None and self.least_distance < timedelta(0):
            raise ValueError("The least distance between dials can't be negative.")

    def stricter(self, other: "AttemptCaps") -> "AttemptCaps":
        """What keeps both: a rule's caps and a campaign's own."""
        return AttemptCaps(
            per_day=_least(self.per_day, other.per_day),
            per_24_hours=_least(self.per_24_hours, other.per_24_hours),
            least_distance=max(
                (distance for distance in (self.least_distance, other.least_distance) if distance is not None),
                default=None,
            ),
        )


NO_CAPS = AttemptCaps()


class HeldBack(NamedTuple):
    """``until``: when one more dial keeps all caps, in UTC; ``by``: the cap that is the last to allow it, in words."""

    until: datetime
    by: str


def held_back(caps: AttemptCaps, dialled_at: Sequence[datetime], zone: tzinfo, now: datetime) -> HeldBack | None:
    """The earliest instant at which one more dial keeps all caps; ``None`` when ``now`` already does.

    The edges: with 3 in 24 hours the 4th dial is allowed exactly 24 hours after the 1st, not a microsecond before, so
    that no 24 hours, start included and end excluded, ever hold more than 3. Likewise a least distance of 8 hours is
    kept exactly 8 hours later, and a new day begins at the contact's midnight.

    Args:
        caps: What has to be kept.
        dialled_at: Every dial to the contact that rang or may have rung, in any order, of all leads and campaigns;
            timezone-aware. One that lies after ``now``, by a clock that runs ahead, counts as well.
        zone: Where the contact's day begins and ends. For several possible zones ask for each and take the latest.
        now: Timezone-aware.

    Raises:
        ValueError: An instant is naive.
    """
    if any(instant.utcoffset() is None for instant in (*dialled_at, now)):
        raise ValueError("Caps need timezone-aware instants; one of these is naive.")
    start = now.astimezone(UTC)
    dials = sorted(instant.astimezone(UTC) for instant in dialled_at)
    last = max((HeldBack(start, ""), *_pauses(caps, dials)), key=lambda held: held.until)
    if caps.per_day is not None:
        until = _day_with_room(caps.per_day, dials, zone, last.until)
        last = last if until == last.until else HeldBack(until, f"the cap of {_counted(caps.per_day, 'call')} a day")
    return last if last.until > start else None


def _pauses(caps: AttemptCaps, dials: Sequence[datetime]) -> Iterator[HeldBack]:
    if caps.per_24_hours is not None and len(dials) >= caps.per_24_hours:
        by = f"the cap of {_counted(caps.per_24_hours, 'call')} in 24 hours"
        yield HeldBack(dials[-caps.per_24_hours] + ROLLING, by)
    if caps.least_distance is not None and dials:
        by = f"the distance of {_duration(caps.least_distance)} between calls"
        yield HeldBack(dials[-1] + caps.least_distance, by)


def _day_with_room(cap: int, dials: Sequence[datetime], zone: tzinfo, earliest: datetime) -> datetime:
    days = [dial.astimezone(zone).date() for dial in dials]
    while days.count(earliest.astimezone(zone).date()) >= cap:
        earliest = next_local_day(earliest, zone)
    return earliest


def _least(first: int | None, second: int | None) -> int | None:
    return min((cap for cap in (first, second) if cap is not None), default=None)


def _duration(distance: timedelta) -> str:
    """In the largest unit in which it is a whole number."""
    seconds = int(distance.total_seconds())
    unit, length = next((unit, length) for unit, length in _UNITS if seconds % length == 0)
    return _counted(seconds // length, unit)


_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
