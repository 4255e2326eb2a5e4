"""Which calling rules hold for a lead, and what several of them come to together.

The rules themselves are rows of ``country_rules`` and ``state_rules``. A lead's region says where the person is; the
number says where the person may be (Florida presumes that its area codes mean Floridians). Where the two differ both
hold, so the stricter does.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, reduce
from types import MappingProxyType

from domain.area_codes import regions_of_number
from domain.closed_days import ClosedDays
from domain.country_rules import COUNTRY_RULES
from domain.phone_numbers import country_of_number
from domain.rule_rows import RuleRow, Source
from domain.state_rules import STATE_RULES
from domain.vocabulary import CallingRules
from domain.windows import CallingHours, HoursElsewhere, intersect, parse_windows

_STATES: Mapping[str, RuleRow] = MappingProxyType({row.place: row for row in STATE_RULES})
_COUNTRIES: Mapping[str, RuleRow] = MappingProxyType({row.place: row for row in COUNTRY_RULES})
_UNITED_STATES = frozenset({"US", "PR", "VI", "GU", "AS", "MP", "UM"})
"""Countries by their codes in which federal law holds."""

_WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WHOLE_WEEK = parse_windows([{"days": [*_WEEK], "opens": "00:00", "closes": "24:00"}])


@dataclass(frozen=True, slots=True, kw_only=True)
class CallingRule:
    """What has to be kept for one lead.

    Attributes:
        places: The rows it was made of (ISO 3166), countries before their states.
        hours: When the lead may be called, holidays and fixed clocks included; a campaign's windows are cut with it.
        max_attempts_per_24_hours: Dials to the contact in any rolling 24 hours, ``None`` without such a cap.
        least_distance: From one dial to the contact to the next, ``None`` without such a rule.
    """

    places: tuple[str, ...]
    hours: CallingHours
    max_attempts_per_24_hours: int | None = None
    least_distance: timedelta | None = None
    sources: tuple[Source, ...] = ()

    @property
    def holidays(self) -> ClosedDays:
        """The local dates on which the lead may not be called at all."""
        return self.hours.closed


NO_RULE = CallingRule(places=(), hours=_WHOLE_WEEK)
"""Any time, any number of times: what ``CallingRules.OFF`` leaves."""


def rules_for(*, region: str | None, phone_number: str, level: CallingRules) -> CallingRule:
    """The rules for a lead, by where it is said to be and by its number, the stricter of both.

    ``strict`` is the country's rule with the state's and its holidays, ``federal`` the country's alone, ``off`` none.
    A state without a row of its own has its country's. Where neither the region nor the number leads to a country
    with a row (Germany, a satellite phone), the person could be anywhere and nothing is known to be allowed: then all
    rows hold at once, but for Mississippi's clock. A region without a row isn't excused by a number with one: both
    hold. A number without one adds nothing to a region.

    Args:
        region: ISO 3166-2 or a country's ISO 3166-1 alpha-2 code, in any case, or nothing.
        phone_number: In E.164.
        level: What the campaign chose.
    """
    if level is CallingRules.OFF:
        return NO_RULE
    by_number = _rows_of_places(_places_of_number(phone_number), level)
    if region is None or not region.strip():
        return _together(by_number) if by_number else _strictest(level)
    by_region = _rows_of_places([region.strip().upper()], level)
    if not by_region:
        return stricter(_strictest(level), _together(by_number))
    return _together(by_region | by_number)


def stricter(first: CallingRule, second: CallingRule) -> CallingRule:
    """What keeps both rules."""
    caps = [rule.max_attempts_per_24_hours for rule in (first, second)]
    distances = [rule.least_distance for rule in (first, second)]
    return CallingRule(
        places=tuple(dict.fromkeys((*first.places, *second.places))),
        hours=intersect(first.hours, second.hours),
        max_attempts_per_24_hours=min((cap for cap in caps if cap is not None), default=None),
        least_distance=max((distance for distance in distances if distance is not None), default=None),
        sources=tuple(dict.fromkeys((*first.sources, *second.sources))),
    )


def _places_of_number(phone_number: str) -> tuple[str, ...]:
    regions = regions_of_number(phone_number)
    if regions:
        return regions
    country = country_of_number(phone_number)
    return (country,) if country is not None else ()


def _rows_of_places(places: Iterable[str], level: CallingRules) -> frozenset[str]:
    """The rows, by their places, that hold in some of these places."""
    rows: set[str] = set()
    for place in places:
        country = place.partition("-")[0]
        rows |= {"US" if country in _UNITED_STATES else country} & _COUNTRIES.keys()
        rows |= {place} & _STATES.keys() if level is CallingRules.STRICT else set()
    return frozenset(rows)


@cache
def _together(places: frozenset[str]) -> CallingRule:
    rows = [
        (_COUNTRIES.get(place) or _STATES[place]) for place in sorted(places, key=lambda place: (len(place), place))
    ]
    return reduce(stricter, map(_rule, rows), NO_RULE)


@cache
def _strictest(level: CallingRules) -> CallingRule:
    rows = (*COUNTRY_RULES, *STATE_RULES) if level is CallingRules.STRICT else COUNTRY_RULES
    return reduce(stricter, (_rule(row, on_own_clock=False) for row in rows))


def _rule(row: RuleRow, *, on_own_clock: bool = True) -> CallingRule:
    closed = ClosedDays(frozenset({row.holidays} if row.holidays else ()))
    hours = CallingHours(_week(row).windows, closed)
    if row.own_clock is not None and on_own_clock:
        hours = CallingHours(hours.windows, closed, (HoursElsewhere(row.own_clock, hours),))
    return CallingRule(
        places=(row.place,),
        hours=hours,
        max_attempts_per_24_hours=row.max_attempts_per_24_hours,
        least_distance=row.least_distance,
        sources=row.sources,
    )


def _week(row: RuleRow) -> CallingHours:
    spans = ((_WEEK[:5], row.week.weekdays), (_WEEK[5:6], row.week.saturday), (_WEEK[6:], row.week.sunday))
    written = []
    for days, span in spans:
        if span is not None:
            opens, _, closes = span.partition("-")
            written.append({"days": [*days], "opens": opens, "closes": closes})
    return parse_windows(written)
