from datetime import UTC, datetime

import pytest

from domain.time_zones import (
    LeadTimeZones,
    TimeZoneUndecided,
    UnknownRegion,
    UnknownTimeZone,
    decide_time_zones,
    load_zones,
)

NEW_YORK = "+12125550100"
TOLL_FREE = "+18005550100"


@pytest.mark.parametrize(
    ("written", "kept_as"),
    [
        pytest.param("America/Chicago", "America/Chicago", id="iana"),
        pytest.param(" america/new_york ", "America/New_York", id="any-case"),
        pytest.param("Asia/Calcutta", "Asia/Kolkata", id="old-name"),
        pytest.param("US/Eastern", "America/New_York", id="old-american-name"),
        pytest.param("Japan", "Asia/Tokyo", id="country-as-name"),
        pytest.param("America/Indiana/Indianapolis", "America/Indiana/Indianapolis", id="three-parts"),
        pytest.param("UTC", "UTC", id="utc"),
    ],
)
def test_a_given_time_zone_comes_first_and_is_kept_under_its_current_name(written: str, kept_as: str) -> None:
    decided = decide_time_zones(time_zone=written, region="US-CA", phone_number=NEW_YORK)
    assert decided == LeadTimeZones((kept_as,), "explicit")


@pytest.mark.parametrize(
    "written",
    [
        *("Etc/Unknown", "Etc/GMT+5", "Etc/UTC", "EST", "EST5EDT", "GMT", "+05:30", "localtime", "Factory"),
        *("Mars/Olympus", "America/Chicago\x00", "../../etc/passwd", "x" * 1_000_000),
    ],
    ids=lambda written: written[:16].replace("\x00", "NUL"),
)
def test_a_time_zone_that_is_no_place_is_refused_with_what_to_give(written: str) -> None:
    with pytest.raises(UnknownTimeZone, match="Give an IANA name such as America/Chicago") as refused:
        decide_time_zones(time_zone=written, region=None, phone_number=NEW_YORK)
    assert len(str(refused.value)) < 300


@pytest.mark.parametrize(
    ("region", "zones"),
    [
        pytest.param("US-NY", {"America/New_York"}, id="one-zone"),
        pytest.param(" us-ny", {"America/New_York"}, id="any-case"),
        pytest.param("US-FL", {"America/New_York", "America/Chicago"}, id="florida"),
        pytest.param("US-TX", {"America/Chicago", "America/Denver"}, id="texas"),
        pytest.param("US-AZ", {"America/Phoenix", "America/Denver"}, id="arizona-and-the-navajo-nation"),
        pytest.param("US-PR", {"America/Puerto_Rico"}, id="territory"),
        pytest.param("CA-SK", {"America/Regina", "America/Edmonton"}, id="saskatchewan"),
        pytest.param("AU-QLD", {"Australia/Brisbane"}, id="queensland"),
        pytest.param("IN-KA", {"Asia/Kolkata"}, id="karnataka"),
        pytest.param("GB-SCT", {"Europe/London"}, id="scotland"),
        pytest.param("GB", {"Europe/London"}, id="country-with-one-zone"),
        pytest.param("PT-20", {"Europe/Lisbon", "Atlantic/Madeira", "Atlantic/Azores"}, id="country-known-as-a-whole"),
    ],
)
def test_without_a_time_zone_the_region_tells_all_zones_it_has(region: str, zones: set[str]) -> None:
    decided = decide_time_zones(time_zone="", region=region, phone_number=NEW_YORK)
    assert decided.source == "region"
    assert set(decided.zones) == zones


@pytest.mark.parametrize(
    "region",
    [
        "US-ZZ",
        "FL",
        "Florida",
        "US_FL",
        "US",
        "CA-XX",
        "AU-NSX",
        "IN-ZZ",
        "ZZ-01",
        "GB-TOOLONG",
        "\x00",
        "U" * 1_000_000,
    ],
    ids=lambda region: region[:16].replace("\x00", "NUL"),
)
@pytest.mark.parametrize("time_zone", [None, "America/Chicago"], ids=["alone", "with-a-time-zone"])
def test_a_wrong_region_is_refused_with_what_to_give(region: str, time_zone: str | None) -> None:
    with pytest.raises(UnknownRegion, match="Give an ISO 3166-2 code") as refused:
        decide_time_zones(time_zone=time_zone, region=region, phone_number=NEW_YORK)
    assert len(str(refused.value)) < 300


@pytest.mark.parametrize(
    ("phone_number", "zones"),
    [
        pytest.param(NEW_YORK, {"America/New_York"}, id="one-zone"),
        pytest.param("+14235550100", {"America/Chicago", "America/New_York"}, id="library-knows-one-of-two"),
        pytest.param("+18505550100", {"America/Chicago", "America/New_York"}, id="florida-panhandle"),
        pytest.param("+18125550100", {"America/Chicago", "America/New_York"}, id="southern-indiana"),
        pytest.param("+16895550100", {"America/Chicago", "America/New_York"}, id="library-knows-the-wrong-one"),
        pytest.param("+12085550100", {"America/Boise", "America/Los_Angeles"}, id="idaho"),
        pytest.param("+19282835555", {"America/Denver", "America/Phoenix"}, id="navajo"),
        pytest.param("+14165550100", {"America/Atikokan", "America/Toronto", "America/Winnipeg"}, id="ontario"),
        pytest.param("+16845550100", {"Pacific/Pago_Pago"}, id="american-samoa"),
        pytest.param("+18765550100", {"America/Jamaica"}, id="jamaica"),
        pytest.param("+12465550100", {"America/Barbados"}, id="fiction-in-barbados"),
        pytest.param("+919876543210", {"Asia/Kolkata"}, id="library-has-the-old-name"),
        pytest.param("+442079460123", {"Europe/London"}, id="london"),
        pytest.param(
            "+61412345678",
            {"Australia/Adelaide", "Australia/Brisbane", "Australia/Eucla", "Australia/Lord_Howe", "Australia/Perth"}
            | {"Australia/Sydney", "Indian/Christmas", "Indian/Cocos"},
            id="australian-mobile-keeps-all-eight",
        ),
    ],
)
def test_with_nothing_given_the_number_tells_every_zone_it_may_mean(phone_number: str, zones: set[str]) -> None:
    decided = decide_time_zones(time_zone=None, region=None, phone_number=phone_number)
    assert decided.source == "number"
    assert set(decided.zones) == zones


@pytest.mark.parametrize(
    "phone_number",
    [
        pytest.param(TOLL_FREE, id="toll-free"),
        pytest.param("+15005550100", id="personal-number"),
        pytest.param("+16005550100", id="canadian-without-a-place"),
        pytest.param("+80012345678", id="worldwide-toll-free"),
        pytest.param("+881612345678", id="satellite"),
        pytest.param("+19895", id="too-short"),
        pytest.param("+12225550100", id="no-such-area-code"),
        pytest.param("nonsense", id="no-number"),
        pytest.param("", id="empty"),
    ],
)
def test_a_number_that_tells_no_place_leaves_the_lead_undecided_and_says_what_to_give(phone_number: str) -> None:
    with pytest.raises(TimeZoneUndecided, match=r"Give `time_zone` .* or `region`"):
        decide_time_zones(time_zone=None, region=None, phone_number=phone_number)


def test_a_toll_free_number_may_be_called_once_somebody_says_where_it_rings() -> None:
    decided = decide_time_zones(time_zone=None, region="US-CO", phone_number=TOLL_FREE)
    assert decided == LeadTimeZones(("America/Denver",), "region")


def test_loaded_zones_tell_the_time_there() -> None:
    (kolkata,) = load_zones(["Asia/Kolkata"])
    assert datetime(2026, 3, 2, 12, 0, tzinfo=UTC).astimezone(kolkata).strftime("%H:%M") == "17:30"


def test_a_name_that_the_database_lost_is_said_and_not_guessed() -> None:
    with pytest.raises(UnknownTimeZone, match="Nowhere/Land"):
        load_zones(["Nowhere/Land"])
