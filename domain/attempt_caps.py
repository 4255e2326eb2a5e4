"""How often one contact may be dialled, over all leads and campaigns of the organisation."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

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


def cap_until(caps: AttemptCaps, dialled_at: Sequence[datetime], zone: tzinfo, now: datetime) -> datetime | None:
    """The earliest instant at which one more dial keeps all caps, in UTC; ``None`` when ``now`` already does.

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
    allowed = max(start, *_pauses_end(caps, dials))
    if caps.per_day is not None:
        allowed = _day_with_room(caps.per_day, dials, zone, allowed)
    return allowed if allowed > start else None


def _pauses_end(caps: AttemptCaps, dials: Sequence[datetime]) -> list[datetime]:
    ends = [datetime.min.replace(tzinfo=UTC)]
    if caps.per_24_hours is not None and len(dials) >= caps.per_24_hours:
        ends.append(dials[-caps.per_24_hours] + ROLLING)
    if caps.least_distance is not None and dials:
        ends.append(dials[-1] + caps.least_distance)
    return ends


def _day_with_room(cap: int, dials: Sequence[datetime], zone: tzinfo, earliest: datetime) -> datetime:
    days = [dial.astimezone(zone).date() for dial in dials]
    while days.count(earliest.astimezone(zone).date()) >= cap:
        earliest = next_local_day(earliest, zone)
    return earliest


def _least(first: int | None, second: int | None) -> int | None:
    return min((cap for cap in (first, second) if cap is not None), default=None)
