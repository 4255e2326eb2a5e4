"""When a lead may be called: weekly windows on the lead's wall clock, answered as real instants.

An instant is open when every clock the lead may live by shows a time inside a window, opening included and closing
excluded, on a date that isn't closed. Everything follows from that one sentence also on nights when clocks change: a
window that opens in a skipped hour opens at the first instant after it, and an hour that occurs twice is open twice.

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
    HoursElsewhere,
    InvalidWindows,
    Window,
    federal_hours,
    intersect,
    parse_windows,
)

__all__ = [
    "CallingHours",
    "HoursElsewhere",
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
OPENING_HORIZON = timedelta(days=35)
"""How far ahead an opening is looked for; every weekly window comes round five times in it, and no run of holidays
takes all of them: Christmas, New Year and the like fall on one weekday twice in a row at most."""

CLOSING_HORIZON = timedelta(days=7)
"""Hours that never close are said to close this far ahead."""


def is_open(instant: datetime, hours: CallingHours, zones: Sequence[tzinfo]) -> bool:
    """Whether the lead may be called at this very instant: it is open, and no closed day, on every clock.

    Raises:
        ValueError: ``instant`` is naive, or ``zones`` is empty.
    """
    utc = _checked(instant, zones)
    return all(_is_open_in(utc, shown, zone) for shown, zone in _clocks(hours, zones))


def next_opening(now: datetime, hours: CallingHours, zones: Sequence[tzinfo]) -> datetime | None:
    """The earliest instant, at or after ``now``, at which the lead may be called.

    Args:
        now: The current instant; timezone-aware.
        hours: The windows and closed days, read on the lead's wall clock, and what has to be open on other clocks.
        zones: Every zone the lead may be in; the window must be open in all of them.

    Returns:
        An instant in UTC, ``now`` itself when the window is open; ``None`` when it doesn't open within 35 days.

    Raises:
        ValueError: ``now`` is naive, or ``zones`` is empty.

    Source: 47 CFR 64.1200(c)(1), at the called party's location.
    """
    instant = _checked(now, zones)
    clocks = _clocks(hours, zones)
    horizon = instant + OPENING_HORIZON
    while all(shown.week for shown, _ in clocks) and instant <= horizon:
        # Before the latest of the openings at least that clock forbids, so nothing is missed by going on from it.
        latest = max(_opens_at(instant, shown, zone, horizon) for shown, zone in clocks)
        if latest == instant:
            return instant
        instant = latest
    return None


def closes_at(instant: datetime, hours: CallingHours, zones: Sequence[tzinfo]) -> datetime:
    """The first instant after ``instant`` at which the lead may no longer be called, by the first clock to close.

    Returns:
        An instant in UTC, at most 7 days ahead, also for hours that never close.

    Raises:
        ValueError: ``instant`` is naive, ``zones`` is empty, or the lead may not be called at ``instant``.
    """
    utc = _checked(instant, zones)
    clocks = _clocks(hours, zones)
    if not all(_is_open_in(utc, shown, zone) for shown, zone in clocks):
        raise ValueError("Only hours that are open can close; ask is_open first.")
    return min(_closes_at(utc, shown, zone) for shown, zone in clocks)


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


def _clocks(hours: CallingHours, zones: Sequence[tzinfo]) -> list[tuple[CallingHours, tzinfo]]:
    """Every clock that has a say, with the hours to be read on it."""
    fixed = [(other.hours, pytz.timezone(other.zone_name)) for other in hours.elsewhere]
    return [*((hours, zone) for zone in zones), *fixed]


def _is_open_in(utc: datetime, hours: CallingHours, zone: tzinfo) -> bool:
    local = utc.astimezone(zone)
    return _closing_minute(hours.week, _minute_of_week(local)) is not None and local.date() not in hours.closed


def _opens_at(utc: datetime, hours: CallingHours, zone: tzinfo, horizon: datetime) -> datetime:
    """The first open instant on one clock, ``utc`` itself included; past the horizon any instant will do."""
    while utc <= horizon and not _is_open_in(utc, hours, zone):
        utc = _may_change_at(utc, hours, zone)
    return utc


def _closes_at(utc: datetime, hours: CallingHours, zone: tzinfo) -> datetime:
    """The first closed instant on one clock after ``utc``, which is open; 7 days ahead at most."""
    horizon = utc + CLOSING_HORIZON
    while utc < horizon and _is_open_in(utc, hours, zone):
        utc = min(_may_change_at(utc, hours, zone), horizon)
    return utc


def _may_change_at(utc: datetime, hours: CallingHours, zone: tzinfo) -> datetime:
    """An instant after ``utc`` up to which the clock gives the same answer: an edge, a midnight or a clock change."""
    local = utc.astimezone(zone)
    edge = _reached(utc, local, _edge_minute(hours, local))
    return clock_change(utc, edge, zone) or edge


def _edge_minute(hours: CallingHours, local: datetime) -> int:
    """The minute of the week, possibly of the next, at which a clock left alone may give another answer."""
    minute = _minute_of_week(local)
    midnight = (local.weekday() + 1) * MINUTES_A_DAY
    if local.date() in hours.closed:
        return midnight
    closing = _closing_minute(hours.week, minute)
    if closing is None:
        return _opening_minute(hours.week, minute)
    return min(closing, midnight) if hours.closed else closing


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
