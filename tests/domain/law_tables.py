"""The calling rules and their holidays typed a second time, from the sources and not from ``domain``.

A week is written as its weekdays, Saturday and Sunday. Where sources disagree the stricter reading is typed.
"""

from dataclasses import dataclass

NEVER = "0-0"

WEEKS = {
    "US": "8-21 8-21 8-21",
    "IN": "10-21 10-21 10-21",
    "GB": "8-21 8-21 8-21",
    "CA": "9:30-20 10:30-17 12-17",
    "AU": f"9-20 9-17 {NEVER}",
    "US-AL": f"8-20 8-20 {NEVER}",
    "US-LA": f"8-20 8-20 {NEVER}",
    "US-MS": f"8-20 8-20 {NEVER}",
    "US-CT": "9-20 9-20 9-20",
    "US-FL": "8-20 8-20 8-20",
    "US-MA": "8-20 8-20 8-20",
    "US-MD": "8-20 8-20 8-20",
    "US-ME": "8-21 8-21 8-21",
    "US-OK": "8-20 8-20 8-20",
    "US-KY": "10-21 10-21 10-21",
    "US-MI": "9-21 9-21 9-21",
    "US-MN": "9-21 9-21 9-21",
    "US-NM": "9-21 9-21 9-21",
    "US-NV": "9-20 9-20 9-20",
    "US-PA": "9-21 13:30-21 13:30-21",
    "US-RI": f"9-18 10-17 {NEVER}",
    "US-SD": f"8-21 8-21 {NEVER}",
    "US-TX": "9-21 9-21 12-21",
    "US-UT": "9-20 9-20 9-20",
    "US-IN": "9-20 9-20 9-20",
    "US-WY": "8-20 8-20 8-20",
}

CENTRAL = {"US-MS"}
"""Whose hours hold on Chicago's clock as well."""

MOST_IN_24_HOURS = {"US-FL": 3, "US-OK": 3, "US-MD": 3}
HOURS_BETWEEN = {"US-ME": 8}

_ALL_SIX = (
    "2026-01-01 2026-01-19 2026-02-16 2026-05-25 2026-06-19 2026-07-03 2026-07-04 2026-09-07 2026-11-11 2026-11-26 "
    "2026-12-25 2027-01-01 2027-01-18 2027-02-15 2027-05-31 2027-06-18 2027-06-19 2027-07-04 2027-07-05 2027-09-06 "
    "2027-11-11 2027-11-25 2027-12-24 2027-12-25 2027-12-31 2028-01-01 "
)
_COLUMBUS = "2026-10-12 2027-10-11 "

HOLIDAYS = {
    # Confederate Memorial Day, Jefferson Davis
    "US-AL": _ALL_SIX + _COLUMBUS + "2026-04-27 2027-04-26 2026-06-01 2027-06-07",
    # Mardi Gras, Good Friday, the general election
    "US-LA": _ALL_SIX + "2026-02-17 2027-02-09 2026-04-03 2027-03-26 2026-11-03",
    "US-MS": _ALL_SIX + "2026-04-27 2027-04-26",
    # The day after Thanksgiving
    "US-PA": _ALL_SIX + _COLUMBUS + "2026-11-27 2027-11-26",
    # Victory Day
    "US-RI": _ALL_SIX + _COLUMBUS + "2026-08-10 2027-08-09",
    # Pioneer Day
    "US-UT": _ALL_SIX + _COLUMBUS + "2026-07-24 2027-07-23 2027-07-24",
    "AU": "2026-01-01 2026-01-26 2026-04-03 2026-04-06 2026-04-25 2026-12-25 2026-12-26 "
    "2027-01-01 2027-01-26 2027-03-26 2027-03-29 2027-04-25 2027-12-25 2027-12-26 2028-01-01",
}

AREA_CODES = {
    "US-AL": "205",
    "US-LA": "504",
    "US-MS": "601",
    "US-CT": "203",
    "US-FL": "305",
    "US-MA": "617",
    "US-MD": "410",
    "US-ME": "207",
    "US-OK": "405",
    "US-KY": "502",
    "US-MI": "313",
    "US-MN": "612",
    "US-NM": "505",
    "US-NV": "702",
    "US-PA": "215",
    "US-RI": "401",
    "US-SD": "605",
    "US-TX": "214",
    "US-UT": "801",
    "US-IN": "317",
    "US-WY": "307",
}

CAMPAIGNS = {
    "always": "0-24 0-24 0-24",
    "office hours": f"9-17 {NEVER} {NEVER}",
    "weekends": f"{NEVER} 10-14 10-24",
    "nights": "0:30-3:30 0-4 1:15-2:45",
    "evenings": "17:45-24 19-20 0-24",
}
"""What a campaign may have written for itself."""


@dataclass(frozen=True)
class Scenario:
    """A lead's region and number and the campaign's level, and the rows that have to hold then."""

    region: str | None
    phone_number: str
    level: str
    rows: tuple[str, ...]
    is_anywhere: bool = False


def _number(area_code: str) -> str:
    return f"+1{area_code}5550100"


_NEW_YORK, _LONDON, _JAMAICA = _number("212"), "+442079460123", _number("876")
_NATIONS = tuple(place for place in WEEKS if "-" not in place)

SCENARIOS = (
    *(Scenario(state, _NEW_YORK, "strict", ("US", state)) for state in AREA_CODES),
    *(Scenario(None, _number(code), "strict", ("US", state)) for state, code in AREA_CODES.items()),
    Scenario("US-NY", _NEW_YORK, "strict", ("US",)),
    Scenario("us-fl", _NEW_YORK, "strict", ("US", "US-FL")),
    Scenario("US-NY", _number("800"), "strict", ("US",)),
    Scenario("US-NY", _number("601"), "strict", ("US", "US-MS")),
    Scenario("US-TX", _number("305"), "strict", ("US", "US-TX", "US-FL")),
    Scenario("US-RI", _number("601"), "strict", ("US", "US-RI", "US-MS")),
    Scenario("US-PR", _number("787"), "strict", ("US",)),
    Scenario("IN-KA", _LONDON, "strict", ("IN", "GB")),
    Scenario("GB-ENG", _LONDON, "strict", ("GB",)),
    Scenario(None, _LONDON, "strict", ("GB",)),
    Scenario("AU-NSW", _LONDON, "strict", ("AU", "GB")),
    Scenario("CA-ON", _number("416"), "strict", ("CA",)),
    Scenario(None, _number("902"), "strict", ("CA",)),
    Scenario(None, _JAMAICA, "strict", tuple(WEEKS), is_anywhere=True),
    Scenario("DE", _number("305"), "strict", tuple(WEEKS), is_anywhere=True),
    Scenario("US-TX", _JAMAICA, "strict", ("US", "US-TX")),
    Scenario("US-FL", _number("601"), "federal", ("US",)),
    Scenario("IN-KA", _number("601"), "federal", ("IN", "US")),
    Scenario(None, _JAMAICA, "federal", _NATIONS, is_anywhere=True),
    Scenario("US-RI", _number("601"), "off", ()),
    Scenario(None, _JAMAICA, "off", ()),
)
