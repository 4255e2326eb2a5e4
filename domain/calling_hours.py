"""When a lead may be called: weekly windows on the lead's wall clock, answered as real instants.

An instant is open when every clock the lead may live by shows a time inside a window, opening included and closing
excluded. Everything follows from that one sentence also on nights when clocks change: a window that opens in a skipped
hour opens at the first instant after it, and an hour that occurs twice is open twice.

The functions only ever ask what a clock shows at an instant, never at which instant a clock shows something, so
skipped and repeated times need no rule of their own.
"""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo

import pytz

from domain.clock_changes import clock_change
from domain.windows import (
    MINUTES_A_DAY,
    MINUTES_A_WEEK,
    CallingHours,
    InvalidWindows,
    Window,
    federal_hours,
    intersect,
    parse_windows,
)

__all__ = [
    "CallingHours",
    "InvalidWindows",
    "Window",
    "closes_at",
    "describe_local",
    "federal_hours",
    "intersect",
    "is_open",
    "next_opening",
    "parse_windows",
]

DAY_NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
OPENING_HORIZON = timedelta(days=14)
"""How far ahead an opening is looked for; every weekly window comes round twice in it."""

CLOSING_HORIZON = timedelta(days=7)
"""Hours that never close are said to close this far ahead."""


def is_open(instant: datetime, hours: CallingHours, zones: Sequence[tzinfo]) -> bool:
    """Whether the lead may be called at this very instant: the window is open in all of its zones.

    Raises:
        ValueError: ``instant`` is naive, or ``zones`` is empty.
    """
    utc = _checked(instant, zones)
    return all(_is_open_in(utc, hours, zone) for zone in zones)


def next_opening(now: datetime, hours: CallingHours, zones: Sequence[tzinfo]) -> datetime | None:
    """The earliest instant, at or after ``now``, at which the lead may be called.

    Args:
        now: The current instant; timezone-aware.
        hours: The windows, read on the lead's wall clock.
        zones: Every zone the lead may be in; the window must be open in all of them.

    Returns:
        An instant in UTC, ``now`` itself when the window is open; ``None`` when it doesn't open within 14 days.

    Raises:
        ValueError: ``now`` is naive, or ``zones`` is empty.

    Source: 47 CFR 64.1200(c)(1), at the called party's location.
    """
    instant = _checked(now, zones)
    horizon = instant + OPENING_HORIZON
    while hours.week and instant <= horizon:
        # Before the latest of the openings at least that zone is closed, so nothing is missed by going on from it.
        latest = max(_opens_at(instant, hours, zone) for zone in zones)
        if latest == instant:
            return instant
        instant = latest
    return None


def closes_at(instant: datetime, hours: CallingHours, zones: Sequence[tzinfo]) -> datetime:
    """The first instant after ``instant`` at which the lead may no longer be called, in the first zone to close.

    Returns:
        An instant in UTC, at most 7 days ahead, also for hours that never close.

    Raises:
        ValueError: ``instant`` is naive, ``zones`` is empty, or the lead may not be called at ``instant``.
    """
    utc = _checked(instant, zones)
    if not all(_is_open_in(utc, hours, zone) for zone in zones):
        raise ValueError("Only hours that are open can close; ask is_open first.")
    return min(_closes_at(utc, hours, zone) for zone in zones)


def describe_local(instant: datetime, zone_name: str) -> str:
    """An instant as people there would say it: ``Mon 09:04 America/Chicago``."""
    local = instant.astimezone(pytz.timezone(zone_name))
    return f"{DAY_NAMES[local.weekday()]} {local:%H:%M} {zone_name}"


def _checked(instant: datetime, zones: Sequence[tzinfo]) -> datetime:
    if instant.utcoffset() is None:
        raise ValueError("Calling hours need a timezone-aware instant; this one is naive.")
    if not zones:
        raise ValueError("Calling hours need at least one time zone.")
    return instant.astimezone(UTC)


def _is_open_in(utc: datetime, hours: CallingHours, zone: tzinfo) -> bool:
    return _closing_minute(hours.week, _minute_of_week(utc.astimezone(zone))) is not None


def _opens_at(utc: datetime, hours: CallingHours, zone: tzinfo) -> datetime:
    """The first open instant in one zone, ``utc`` itself included."""
    while True:
        local = utc.astimezone(zone)
        minute = _minute_of_week(local)
        if _closing_minute(hours.week, minute) is not None:
            return utc
        opening = _reached(utc, local, _opening_minute(hours.week, minute))
        change = clock_change(utc, opening, zone)
        if change is None:
            return opening
        utc = change


def _closes_at(utc: datetime, hours: CallingHours, zone: tzinfo) -> datetime:
    """The first closed instant in one zone after ``utc``, which is open; 7 days ahead at most."""
    horizon = utc + CLOSING_HORIZON
    while utc < horizon:
        local = utc.astimezone(zone)
        closing_minute = _closing_minute(hours.week, _minute_of_week(local))
        if closing_minute is None:
            return utc
        closing = min(_reached(utc, local, closing_minute), horizon)
        change = clock_change(utc, closing, zone)
        if change is None:
            return closing
        utc = change
    return horizon


def _minute_of_week(local: datetime) -> int:
    return local.weekday() * MINUTES_A_DAY + local.hour * 60 + local.minute


def _reached(utc: datetime, local: datetime, minute: int) -> datetime:
    """When a clock that shows ``local`` now and is left alone shows that minute of the week."""
    elapsed = timedelta(seconds=local.second, microseconds=local.microsecond)
    return utc + timedelta(minutes=minute - _minute_of_week(local)) - elapsed


def _opening_minute(week: tuple[tuple[int, int], ...], minute: int) -> int:
    following = bisect_right(week, (minute, MINUTES_A_WEEK))
    return week[following][0] if following < len(week) else week[0][0] + MINUTES_A_WEEK


def _closing_minute(week: tuple[tuple[int, int], ...], minute: int) -> int | None:
    """The closing of what is open at a minute of the week, ``None`` when nothing is; beyond the week it goes on."""
    current = bisect_right(week, (minute, MINUTES_A_WEEK)) - 1
    if current < 0 or minute >= week[current][1]:
        return None
    closing = week[current][1]
    goes_on = closing == MINUTES_A_WEEK and week[0][0] == 0
    return closing + week[0][1] if goes_on else closing
