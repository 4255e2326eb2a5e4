"""What a campaign will come to at its present caps: how many calls an hour, which cap binds, and when it is through."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from domain.calling_hours import CallingHours, closes_at, next_opening

HOUR = timedelta(hours=1)
FARTHEST = timedelta(days=366)
"""What isn't through by then isn't foretold."""


@dataclass(frozen=True, slots=True)
class Cap:
    """One limit: so many calls live at once, or so many begun in a second."""

    name: str
    live_calls: int | None = None
    calls_per_second: float | None = None

    def calls_an_hour(self, occupied: timedelta) -> float:
        """``occupied``: how long a call holds its slot, more than nothing."""
        if self.live_calls is not None:
            return self.live_calls * (HOUR / occupied)
        return (self.calls_per_second or 0.0) * HOUR.total_seconds()


def binding_cap(caps: Sequence[Cap], occupied: timedelta) -> Cap:
    """The one that lets the fewest calls through; of several the first.

    Raises:
        ValueError: there is none.
    """
    return min(caps, key=lambda cap: cap.calls_an_hour(occupied))


def through_by(now: datetime, needed: timedelta, hours: CallingHours, zones: Sequence[tzinfo]) -> datetime | None:
    """When calling has gone on for ``needed`` within these hours; None where that lies beyond a year, or never is."""
    instant, left = now, needed
    while instant - now < FARTHEST:
        opening = next_opening(instant, hours, zones)
        if opening is None:
            return None
        closing = closes_at(opening, hours, zones)
        if opening + left <= closing:
            return opening + left
        left -= closing - opening
        instant = closing
    return None
