"""Our tables against the libraries and databases they were taken from."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import phonenumbers
import pytest
import pytz
from phonenumbers import PhoneNumberType, geocoder
from phonenumbers.timezone import UNKNOWN_TIMEZONE
from phonenumbers.tzdata import TIMEZONE_DATA

from domain.area_codes import REGIONS_BY_AREA_CODE, region_of_number, regions_of_number
from domain.regions import zones_of_region
from domain.zone_names import canonical_zone, canonical_zones

UNITED_STATES = (
    "AK AL AR AZ CA CO CT DC DE FL GA HI IA ID IL IN KS KY LA MA MD ME MI MN MO MS MT NC ND NE NH NJ NM NV NY OH OK OR "
    "PA RI SC SD TN TX UT VA VT WA WI WV WY AS GU MP PR VI UM"
)
REGIONS = [
    *(f"US-{state}" for state in UNITED_STATES.split()),
    *(f"CA-{province}" for province in ["AB", "BC", "MB", "NB", "NL", "NS", "NT", "NU", "ON", "PE", "QC", "SK", "YT"]),
    *(f"AU-{state}" for state in ["ACT", "NSW", "NT", "QLD", "SA", "TAS", "VIC", "WA"]),
]

# Where the library is mistaken: Yukon left Vancouver's time in 2020, and the others name places that lie elsewhere.
# Its zone is kept besides the region's all the same.
MISTAKES_OF_THE_LIBRARY = {
    "1474": "America/Winnipeg",
    "1879": "America/Puerto_Rico",
    "1907581": "Pacific/Honolulu",
    **dict.fromkeys(
        ["1867334", "1867393", "1867456", "1867536", "1867633", "1867667", "1867668", "1867993"], "America/Vancouver"
    ),
}


def geographic_area_codes() -> dict[str, str]:
    """Area code -> what the library calls its place, for the United States, their territories and Canada."""
    places = {}
    for area_code in range(200, 1000):
        number = phonenumbers.parse(f"+1{area_code}5550100")
        is_placed = phonenumbers.number_type(number) == PhoneNumberType.FIXED_LINE_OR_MOBILE
        if is_placed and phonenumbers.region_code_for_number(number) in {"US", "CA", "AS", "GU", "MP", "PR", "VI"}:
            places[str(area_code)] = geocoder.description_for_number(number, "en")
    return places


def offsets(zone: str) -> list[timedelta | None]:
    """The clock of a zone every 12 hours of two years."""
    start = datetime(2026, 1, 1, 12, tzinfo=UTC)
    return [(start + timedelta(hours=12 * step)).astimezone(ZoneInfo(zone)).utcoffset() for step in range(2 * 730)]


@pytest.mark.parametrize("region", REGIONS)
def test_every_state_and_province_has_zones_that_exist(region: str) -> None:
    zones = zones_of_region(region)
    assert zones
    assert sorted(zones) == list(canonical_zones(zones))


def test_no_area_code_of_the_library_is_missing_in_the_table() -> None:
    assert geographic_area_codes().keys() - REGIONS_BY_AREA_CODE.keys() == set()


def test_the_library_knows_no_zone_in_a_state_whose_clock_the_state_lacks() -> None:
    clocks = {zone: offsets(zone) for zone in pytz.common_timezones if zone.startswith(("America/", "Pacific/"))}
    astray = {}
    for prefix, zones in TIMEZONE_DATA.items():
        regions = REGIONS_BY_AREA_CODE.get(prefix[1:4], ()) if prefix.startswith("1") else ()
        ours = [clocks[zone] for region in regions for zone in zones_of_region(region)]
        strange = [zone for zone in canonical_zones(zones) if ours and clocks[zone] not in ours]
        if strange:
            astray[prefix] = strange
    assert {prefix: zones for prefix, zones in astray.items() if zones != [MISTAKES_OF_THE_LIBRARY.get(prefix)]} == {}


def test_every_zone_the_library_may_answer_has_a_current_name() -> None:
    answers = {zone for zones in TIMEZONE_DATA.values() for zone in zones if zone != UNKNOWN_TIMEZONE}
    current = {zone for country in pytz.country_timezones for zone in pytz.country_timezones[country]}
    assert {zone for zone in answers if canonical_zone(zone) not in current} == set()


def test_an_old_name_and_its_current_one_have_the_same_clock() -> None:
    renamed = {name: canonical_zone(name) for name in pytz.all_timezones if canonical_zone(name) not in (None, name)}
    assert len(renamed) > 100
    assert {old for old, current in renamed.items() if current and offsets(old) != offsets(current)} == set()


@pytest.mark.parametrize(
    ("phone_number", "region"),
    [
        pytest.param("+13055550100", "US-FL", id="florida"),
        pytest.param("+12125550100", "US-NY", id="new-york"),
        pytest.param("+17875550100", "US-PR", id="puerto-rico"),
        pytest.param("+14165550100", "CA-ON", id="ontario"),
        pytest.param("+19025550100", None, id="two-provinces"),
        pytest.param("+18005550100", None, id="toll-free"),
        pytest.param("+442079460123", None, id="london"),
        pytest.param("+1212", None, id="too-short"),
    ],
)
def test_an_area_code_points_to_one_region_or_to_none(phone_number: str, region: str | None) -> None:
    assert region_of_number(phone_number) == region


def test_an_area_code_that_serves_two_provinces_names_both() -> None:
    assert regions_of_number("+19025550100") == ("CA-NS", "CA-PE")
