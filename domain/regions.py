"""Which time zones a region has: states, provinces and countries as ISO 3166-2 and 3166-1 write them.

A region keeps every zone in which somebody there lives by law, however few they are, since a lead may only be called
when all of them are inside the window. Zones that have had the same clock since 2007 are named by the larger one
(Detroit and most of Indiana by New York).

Sources: 49 CFR 71 for the limits of the zones in the United States; the comments of ``zone.tab`` in the IANA time zone
database 2026f for the rest. Read November 2026. Clocks kept by local custom only
(Phenix City in Alabama by Georgia's) are left out.
"""

import re

import pytz

_EASTERN = "America/New_York"
_CENTRAL = "America/Chicago"
_MOUNTAIN = "America/Denver"
_PACIFIC = "America/Los_Angeles"

_STATES_WITH_ONE_ZONE = {
    _EASTERN: "CT DC DE GA MA MD ME NC NH NJ NY OH PA RI SC VA VT WV",
    _CENTRAL: "AL AR IA IL LA MN MO MS OK WI",
    _MOUNTAIN: "CO MT NM UT WY",
    _PACIFIC: "CA WA",
    "Pacific/Honolulu": "HI",
    "America/Puerto_Rico": "PR",
    "America/St_Thomas": "VI",
    "Pacific/Guam": "GU",
    "Pacific/Pago_Pago": "AS",
    "Pacific/Saipan": "MP",
}

_UNITED_STATES: dict[str, tuple[str, ...]] = {
    **{state: (zone,) for zone, states in _STATES_WITH_ONE_ZONE.items() for state in states.split()},
    "AK": ("America/Anchorage", "America/Adak"),
    "AZ": ("America/Phoenix", _MOUNTAIN),  # the Navajo Nation changes its clocks, the rest doesn't
    "FL": (_EASTERN, _CENTRAL),
    "ID": ("America/Boise", _PACIFIC),
    "IN": (_EASTERN, _CENTRAL),
    "KS": (_CENTRAL, _MOUNTAIN),
    "KY": (_EASTERN, _CENTRAL),
    "MI": (_EASTERN, _CENTRAL),
    "ND": (_CENTRAL, _MOUNTAIN),
    "NE": (_CENTRAL, _MOUNTAIN),
    "NV": (_PACIFIC, "America/Boise"),  # West Wendover
    "OR": (_PACIFIC, "America/Boise"),  # Malheur County
    "SD": (_CENTRAL, _MOUNTAIN),
    "TN": (_EASTERN, _CENTRAL),
    "TX": (_CENTRAL, _MOUNTAIN),
    "UM": ("Pacific/Midway", "Pacific/Wake"),
}

_CANADA: dict[str, tuple[str, ...]] = {
    "AB": ("America/Edmonton",),
    "BC": ("America/Vancouver", "America/Edmonton", "America/Fort_Nelson"),
    "MB": ("America/Winnipeg",),
    "NB": ("America/Halifax",),
    "NL": ("America/St_Johns", "America/Goose_Bay"),
    "NS": ("America/Halifax",),
    "NT": ("America/Edmonton", "America/Inuvik"),
    "NU": ("America/Iqaluit", "America/Rankin_Inlet", "America/Cambridge_Bay", "America/Atikokan"),
    "ON": ("America/Toronto", "America/Winnipeg", "America/Atikokan"),
    "PE": ("America/Halifax",),
    "QC": ("America/Toronto", "America/Halifax", "America/Blanc-Sablon"),
    "SK": ("America/Regina", "America/Edmonton"),
    "YT": ("America/Whitehorse",),
}

_AUSTRALIA: dict[str, tuple[str, ...]] = {
    "ACT": ("Australia/Sydney",),
    "NSW": ("Australia/Sydney", "Australia/Broken_Hill", "Australia/Lord_Howe"),
    "NT": ("Australia/Darwin",),
    "QLD": ("Australia/Brisbane",),
    "SA": ("Australia/Adelaide", "Australia/Eucla"),
    "TAS": ("Australia/Hobart",),
    "VIC": ("Australia/Melbourne",),
    "WA": ("Australia/Perth", "Australia/Eucla"),
}

# Both codes of the states whose code changed in November 2023.
_INDIA = (
    "AN AP AR AS BR CG CH CT DD DH DL DN GA GJ HP HR JH JK KA KL LA LD MH ML MN MP MZ NL OD OR PB PY RJ SK TG TN TR TS "
    "UK UL UP UT WB"
)

_SUBDIVISIONS: dict[str, dict[str, tuple[str, ...]]] = {
    "US": _UNITED_STATES,
    "CA": _CANADA,
    "AU": _AUSTRALIA,
    "IN": dict.fromkeys(_INDIA.split(), ("Asia/Kolkata",)),
}

_WELL_FORMED = re.compile(r"([A-Z]{2})(?:-([A-Z0-9]{1,3}))?")

# Too wide for one answer: a call would have to suit Honolulu and Boston at once.
_COUNTRIES_THAT_NEED_A_SUBDIVISION = frozenset({"US", "CA", "AU"})


def normal_region(written: str) -> str | None:
    """The code as ISO 3166-2 writes it (``US-FL``), from any case; ``None`` when there is no such region."""
    code = written.strip().upper()
    return code if zones_of_region(code) else None


def zones_of_region(region: str) -> tuple[str, ...]:
    """Every zone of a region such as ``US-FL``, or of a country such as ``GB``; empty when there is no such region.

    The states of the United States, Canada, Australia and India are known one by one, and these countries but India
    need one. Elsewhere any well-formed subdivision has all the zones of its country.
    """
    parts = _WELL_FORMED.fullmatch(region)
    if parts is None:
        return ()
    country, subdivision = parts.groups()
    if subdivision and country in _SUBDIVISIONS:
        return _SUBDIVISIONS[country].get(subdivision, ())
    return () if country in _COUNTRIES_THAT_NEED_A_SUBDIVISION else zones_of_country(country)


def zones_of_country(country: str) -> tuple[str, ...]:
    """Every zone of a country by its ISO 3166-1 alpha-2 code; empty when nobody knows it."""
    return tuple(pytz.country_timezones.get(country, ()))
