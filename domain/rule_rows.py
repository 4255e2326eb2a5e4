"""The shape in which calling rules are kept as data."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Source:
    """Where a rule was read. ``date``: of the text, as exactly as it says; where it has none, of its reading."""

    name: str
    date: str


@dataclass(frozen=True, slots=True)
class Week:
    """``HH:MM-HH:MM`` on the called person's wall clock, closing excluded; ``None`` for days without calls."""

    weekdays: str | None
    saturday: str | None
    sunday: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleRow:
    """What one place asks for, on top of what its country does.

    Attributes:
        place: ISO 3166-2 for a state (``US-FL``), ISO 3166-1 alpha-2 for a country (``IN``).
        week: The hours in which people may be called.
        holidays: The calendar of legal holidays (ISO 3166) on which nobody may be called.
        own_clock: A zone (IANA name) on whose clock the row holds besides the called person's.
        max_attempts_per_24_hours: Dials to one consumer in any rolling 24 hours.
        least_distance: From one dial to a consumer to the next.
        sources: Everything the row was read in.
        note: Where sources disagree or are unsure, and which reading the row has.
    """

    place: str
    week: Week
    holidays: str | None = None
    own_clock: str | None = None
    max_attempts_per_24_hours: int | None = None
    least_distance: timedelta | None = None
    sources: tuple[Source, ...]
    note: str = ""


def every_day(hours: str) -> Week:
    """The same hours on all days of the week."""
    return Week(hours, hours, hours)
