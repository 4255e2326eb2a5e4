"""Days on which nobody may be called at all: legal holidays by calendar, and single dates.

Source: the ``holidays`` library 0.109, public holidays with the days on which they are observed. Where a holiday is
moved from a weekend (Alabama's law does so), the day itself and the observed day are both closed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache

import holidays


@dataclass(frozen=True, slots=True)
class ClosedDays:
    """Local dates, asked with ``in``.

    Attributes:
        calendars: ISO 3166 codes (``US-AL``, ``AU``) of the places whose legal holidays are meant. One that the
            library doesn't know raises ``NotImplementedError`` when a date is asked for.
        dates: Further dates, such as days that a governor adds.
    """

    calendars: frozenset[str] = frozenset()
    dates: frozenset[date] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.calendars or self.dates)

    def __contains__(self, day: date) -> bool:
        return day in self.dates or any(day in _holidays(calendar, day.year) for calendar in self.calendars)

    def __or__(self, other: "ClosedDays") -> "ClosedDays":
        return ClosedDays(self.calendars | other.calendars, self.dates | other.dates)


NO_CLOSED_DAYS = ClosedDays()


@cache
def _holidays(calendar: str, year: int) -> Mapping[date, str]:
    country, _, subdivision = calendar.partition("-")
    # A holiday of the last or the next year may be observed in this one.
    years = range(year - 1, year + 2)
    found = holidays.country_holidays(country, subdiv=subdivision or None, years=years, expand=False)
    return {day: name for day, name in found.items() if day.year == year}
