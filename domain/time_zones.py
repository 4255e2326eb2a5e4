# ruff: noqa: N818 - a name says what happened, as in the house's other error trees
"""In which time zones a lead may be: what it was given, else its region, else its number.

ValueError
  + TimeZoneUndecided     nothing given tells the time there; refuse the lead and ask for what the text says
      + UnknownTimeZone   the given time zone is wrong; the text says what is right
      + UnknownRegion     the given region is wrong; the text says what is right
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import tzinfo
from typing import Literal

import phonenumbers
import pytz
from phonenumbers import timezone as number_zones

from domain.area_codes import regions_of_number
from domain.phone_numbers import country_of_number, parsed_or_none
from domain.regions import normal_region, zones_of_country, zones_of_region
from domain.zone_names import canonical_zone, canonical_zones

_WHAT_TO_GIVE = (
    "Give `time_zone` (an IANA name such as America/Chicago) or `region` (an ISO 3166-2 code such as US-TX)."
)
_NORTH_AMERICA = 1


class TimeZoneUndecided(ValueError):
    """Nobody can tell what time it is where the lead is, so it must not be called. The text says what to give."""


class UnknownTimeZone(TimeZoneUndecided):
    """The time zone that was given is no place."""


class UnknownRegion(TimeZoneUndecided):
    """The region that was given doesn't exist."""


@dataclass(frozen=True, slots=True)
class LeadTimeZones:
    """Every zone (IANA name) the lead may be in, and what told so. It may be called only when all are inside."""

    zones: tuple[str, ...]
    source: Literal["explicit", "region", "number"]


def decide_time_zones(*, time_zone: str | None, region: str | None, phone_number: str) -> LeadTimeZones:
    """The zones a lead may be in: the given zone, else all of its region, else all its number may mean.

    The number is read with caution, because numbers move with people and the library's answer for a whole area code
    names one zone where there are two (423 is both in Chicago's and in New York's time). A North American number
    therefore has all the zones of its state besides what the library says; elsewhere all that the library names.

    Args:
        time_zone: An IANA name in any case, or nothing.
        region: An ISO 3166-2 code, or nothing. A wrong one is refused even when ``time_zone`` decides, since the
            rules of that region would silently not be applied.
        phone_number: In E.164.

    Raises:
        UnknownTimeZone, UnknownRegion: What was given is wrong.
        TimeZoneUndecided: Nothing was given and the number can't tell (toll-free, satellite, unknown area code).
    """
    explicit = _explicit_zone(time_zone)
    known_region = _known_region(region)
    if explicit is not None:
        return LeadTimeZones((explicit,), "explicit")
    if known_region is not None:
        return LeadTimeZones(zones_of_region(known_region), "region")
    zones = zones_of_number(phone_number)
    if not zones:
        raise TimeZoneUndecided(f"This phone number doesn't tell a time zone. {_WHAT_TO_GIVE}")
    return LeadTimeZones(zones, "number")


def load_zones(names: Iterable[str]) -> tuple[tzinfo, ...]:
    """The zones of these IANA names, for the functions of ``calling_hours``.

    Raises:
        UnknownTimeZone: One of them is unknown to the installed time zone database.
    """
    try:
        return tuple(pytz.timezone(name) for name in names)
    except pytz.UnknownTimeZoneError as error:
        raise UnknownTimeZone(f"The time zone {error} is unknown. {_WHAT_TO_GIVE}") from error


def zones_of_number(phone_number: str) -> tuple[str, ...]:
    """Every zone in which the owner of a number in E.164 may be by what the number says; empty when it can't tell."""
    parsed = parsed_or_none(phone_number)
    if parsed is None:
        return ()
    by_library = canonical_zones(number_zones.time_zones_for_number(parsed))
    if parsed.country_code == _NORTH_AMERICA:
        return _north_american_zones(phone_number, by_library)
    is_of_a_country = country_of_number(phone_number) is not None
    return by_library if is_of_a_country and phonenumbers.is_valid_number(parsed) else ()


def _north_american_zones(phone_number: str, by_library: tuple[str, ...]) -> tuple[str, ...]:
    regions = regions_of_number(phone_number)
    if regions:
        return canonical_zones([*by_library, *(zone for region in regions for zone in zones_of_region(region))])
    country = country_of_number(phone_number)
    # What has no known area code in these two is toll-free, personal, or newer than our table.
    return () if country in (None, "US", "CA") else canonical_zones(zones_of_country(country))


def _explicit_zone(time_zone: str | None) -> str | None:
    if time_zone is None or not time_zone.strip():
        return None
    zone = canonical_zone(time_zone)
    if zone is None:
        raise UnknownTimeZone(
            f"{time_zone[:40]!r} is no place's time zone. Give an IANA name such as America/Chicago; "
            "abbreviations and offsets don't say when the clocks change."
        )
    return zone


def _known_region(region: str | None) -> str | None:
    if region is None or not region.strip():
        return None
    known = normal_region(region)
    if known is None:
        raise UnknownRegion(
            f"{region[:40]!r} is no region. Give an ISO 3166-2 code: the country, a dash and the state, such as US-TX, "
            "CA-ON, AU-NSW, IN-KA or GB-ENG."
        )
    return known
