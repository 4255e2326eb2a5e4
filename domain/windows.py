# ruff: noqa: N818 - a name says what happened, as in the house's other error trees
"""Weekly windows as people write them, as values, and what two sets of them have in common."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from domain.closed_days import NO_CLOSED_DAYS, ClosedDays

MINUTES_A_DAY = 24 * 60
MINUTES_A_WEEK = 7 * MINUTES_A_DAY

MOST_WINDOWS = 50

_DAYS = {"mon": 0, "tue": 1, "wed": 2, "thu": 3, "fri": 4, "sat": 5, "sun": 6}
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])|24:00", re.ASCII)


class InvalidWindows(ValueError):
    """These windows can't be kept. The text is a sentence for the person who wrote them, and says what to give."""


@dataclass(frozen=True, slots=True)
class Window:
    """Some days of the week (0 is Monday), from a minute since local midnight until before another (at most 1440).

    Raises:
        InvalidWindows: No days or impossible ones, or a window that doesn't close after it opens on the same day.
    """

    days: frozenset[int]
    opens_minute: int
    closes_minute: int

    def __post_init__(self) -> None:
        if not self.days or not self.days <= frozenset(range(7)):
            raise InvalidWindows(f"A window needs days from 0 (Monday) to 6 (Sunday), not {sorted(self.days)}.")
        if not 0 <= self.opens_minute < self.closes_minute <= MINUTES_A_DAY:
            raise InvalidWindows("A window opens at 0 minutes or later and closes after that, at 1440 minutes at most.")


@dataclass(frozen=True)
class CallingHours:
    """Windows of which any one suffices; without windows it is never open.

    Attributes:
        windows: Read on the lead's wall clock.
        closed: Dates of the lead's wall clock on which no window opens.
        elsewhere: Further hours, each on one fixed clock, that have to be open at the same time.
    """

    windows: tuple[Window, ...]
    closed: ClosedDays = NO_CLOSED_DAYS
    elsewhere: tuple["HoursElsewhere", ...] = ()

    @cached_property
    def week(self) -> tuple[tuple[int, int], ...]:
        """What is open, as minutes since Monday 00:00, in order, with all that touches or overlaps joined."""
        joined: list[tuple[int, int]] = []
        for opens, closes in sorted(_pieces(self.windows)):
            if joined and opens <= joined[-1][1]:
                joined[-1] = (joined[-1][0], max(closes, joined[-1][1]))
            else:
                joined.append((opens, closes))
        return tuple(joined)


@dataclass(frozen=True, slots=True)
class HoursElsewhere:
    """Hours on the clock of one zone (IANA name), wherever the lead is.

    Raises:
        ValueError: The hours name further clocks of their own.
    """

    zone_name: str
    hours: CallingHours

    def __post_init__(self) -> None:
        if self.hours.elsewhere:
            raise ValueError("Hours on a fixed clock can't name further clocks; name them all in one list.")


def federal_hours() -> CallingHours:
    """Every day from 8:00 until before 21:00, on the called person's clock.

    Source: 47 CFR 64.1200(c)(1): no telephone solicitation "before the hour of 8 a.m. or after 9 p.m. (local time at
    the called party's location)"; likewise the Telemarketing Sales Rule, 16 CFR 310.4(c).
    """
    return CallingHours((Window(frozenset(range(7)), 8 * 60, 21 * 60),))


def intersect(a: CallingHours, b: CallingHours) -> CallingHours:
    """What is open in both, closed on the closed days of either; possibly nothing, then there are no windows."""
    pairs = ((left, right) for left in a.windows for right in b.windows)
    common = (_common_window(left, right) for left, right in pairs)
    return CallingHours(
        tuple(dict.fromkeys(window for window in common if window is not None)),
        a.closed | b.closed,
        tuple(dict.fromkeys((*a.elsewhere, *b.elsewhere))),
    )


def parse_windows(written: object) -> CallingHours:
    """Windows from their JSON form: ``[{"days": ["mon", "tue"], "opens": "09:00", "closes": "17:00"}]``.

    Times are the lead's wall clock, from ``00:00`` to ``24:00``.

    Raises:
        InvalidWindows: Anything but such a list of 1 to 50 windows; one over midnight has to be given as two.
    """
    if not isinstance(written, list) or not written:
        raise InvalidWindows('Give a list of windows: [{"days": ["mon"], "opens": "09:00", "closes": "17:00"}].')
    if len(written) > MOST_WINDOWS:
        raise InvalidWindows(f"{len(written)} windows are too many; give {MOST_WINDOWS} at most.")
    return CallingHours(tuple(_window(window, f"Window {number}") for number, window in enumerate(written, 1)))


def _window(written: object, which: str) -> Window:
    if not isinstance(written, dict) or written.keys() != {"days", "opens", "closes"}:
        raise InvalidWindows(f"{which} needs exactly `days`, `opens` and `closes`.")
    days = _days(written["days"], which)
    opens, closes = _minute(written["opens"], which, "opens"), _minute(written["closes"], which, "closes")
    if opens == closes:
        raise InvalidWindows(f"{which} closes as it opens. For the whole day give opens 00:00 and closes 24:00.")
    if opens > closes:
        raise InvalidWindows(
            f"{which} goes over midnight. Give two: until 24:00, and from 00:00 on the days that follow."
        )
    return Window(days, opens, closes)


def _days(written: object, which: str) -> frozenset[int]:
    names = [str(name).strip().lower() for name in written] if isinstance(written, list) else []
    if not 1 <= len(names) <= len(_DAYS) or not all(name in _DAYS for name in names):
        raise InvalidWindows(f"{which} needs `days`: a list of some of {', '.join(_DAYS)}.")
    return frozenset(_DAYS[name] for name in names)


def _minute(written: object, which: str, key: str) -> int:
    time = _TIME.fullmatch(written) if isinstance(written, str) else None
    if time is None:
        raise InvalidWindows(f"{which} needs `{key}` as HH:MM, from 00:00 to 24:00.")
    hour, minute = time[0].split(":")
    return int(hour) * 60 + int(minute)


def _pieces(windows: Sequence[Window]) -> list[tuple[int, int]]:
    return [
        (day * MINUTES_A_DAY + window.opens_minute, day * MINUTES_A_DAY + window.closes_minute)
        for window in windows
        for day in window.days
    ]


def _common_window(a: Window, b: Window) -> Window | None:
    days = a.days & b.days
    opens, closes = max(a.opens_minute, b.opens_minute), min(a.closes_minute, b.closes_minute)
    return Window(days, opens, closes) if days and opens < closes else None
