from datetime import UTC, date, datetime, timedelta

import pytest

from domain.calling_hours import CallingHours, closes_at, intersect, is_open, next_opening, parse_windows
from domain.calling_rules import NO_RULE, CallingRule, rules_for, stricter
from domain.closed_days import ClosedDays
from domain.country_rules import COUNTRY_RULES
from domain.rule_rows import RuleRow
from domain.state_rules import STATE_RULES
from domain.time_zones import load_zones
from domain.vocabulary import CallingRules
from domain.windows import HoursElsewhere

NEW_YORK_NUMBER, LONDON_NUMBER = "+12125550100", "+442079460123"
ROWS = (*COUNTRY_RULES, *STATE_RULES)


def strict(region: str | None, phone_number: str = NEW_YORK_NUMBER) -> CallingRule:
    return rules_for(region=region, phone_number=phone_number, level=CallingRules.STRICT)


def utc(written: str) -> datetime:
    return datetime.fromisoformat(written).replace(tzinfo=UTC)


@pytest.mark.parametrize("row", ROWS, ids=[row.place for row in ROWS])
def test_every_row_says_where_it_was_read_and_when(row: RuleRow) -> None:
    assert row.sources
    for source in row.sources:
        assert len(source.name) > 5
        assert source.date[:2] == "20"


@pytest.mark.parametrize(
    ("region", "phone_number", "places"),
    [
        pytest.param("US-TX", NEW_YORK_NUMBER, {"US", "US-TX"}, id="by-region"),
        pytest.param(" us-tx ", NEW_YORK_NUMBER, {"US", "US-TX"}, id="however-it-is-written"),
        pytest.param(None, "+13055550100", {"US", "US-FL"}, id="a-florida-number-is-a-floridian"),
        pytest.param("", "+13055550100", {"US", "US-FL"}, id="an-empty-region-is-none"),
        pytest.param("US-TX", "+13055550100", {"US", "US-TX", "US-FL"}, id="both-where-they-differ"),
        pytest.param("US-ZZ", NEW_YORK_NUMBER, {"US"}, id="an-unknown-state-has-its-countrys"),
        pytest.param("US-GU", "+16715550100", {"US"}, id="territory"),
        pytest.param("IN-KA", LONDON_NUMBER, {"IN", "GB"}, id="two-countries"),
        pytest.param(None, "+18005550199", {"US"}, id="toll-free"),
        pytest.param("US-FL", "+18765550100", {"US", "US-FL"}, id="a-number-without-a-row-adds-nothing"),
        pytest.param(None, "no number", {row.place for row in ROWS}, id="nothing-is-known"),
        pytest.param("DE-BE", NEW_YORK_NUMBER, {row.place for row in ROWS}, id="a-country-without-a-row"),
    ],
)
def test_the_rules_of_the_region_and_of_the_number_hold(
    region: str | None, phone_number: str, places: set[str]
) -> None:
    assert set(strict(region, phone_number).places) == places


def test_federal_leaves_states_and_holidays_out_and_off_leaves_everything_out() -> None:
    federal = rules_for(region="US-AL", phone_number="+13055550100", level=CallingRules.FEDERAL)
    off = rules_for(region="US-AL", phone_number="+13055550100", level=CallingRules.OFF)
    assert (federal.places, federal.max_attempts_per_24_hours, federal.holidays) == (("US",), None, ClosedDays())
    assert off == NO_RULE
    assert is_open(utc("2026-12-25 03:00"), off.hours, load_zones(["America/Chicago"]))


def test_a_rule_can_only_get_stricter() -> None:
    both = stricter(strict("US-ME"), strict("US-FL"))
    assert (both.max_attempts_per_24_hours, both.least_distance) == (3, timedelta(hours=8))
    assert both.hours.week == strict("US-FL").hours.week
    assert {source.name for source in both.sources} >= {source.name for source in strict("US-ME").sources}


@pytest.mark.parametrize(
    ("zone", "now", "opens"),
    [
        pytest.param("America/Chicago", "2026-07-03 15:00", "2026-07-06 13:00", id="observed-friday-holiday-sunday"),
        pytest.param("America/Chicago", "2027-12-24 15:00", "2027-12-27 14:00", id="a-run-of-closed-days"),
        pytest.param("America/Chicago", "2026-12-25 05:59:59", "2026-12-26 14:00", id="the-evening-before-is-late"),
        pytest.param("America/New_York", "2026-11-26 04:59", "2026-11-27 13:00", id="by-the-date-where-the-lead-is"),
    ],
)
def test_after_holidays_a_lead_in_alabama_is_called_on_the_next_day_that_is_none(
    zone: str, now: str, opens: str
) -> None:
    assert next_opening(utc(now), strict("US-AL").hours, load_zones([zone])) == utc(opens)


def test_windows_up_to_midnight_close_at_the_first_instant_of_a_holiday_and_open_at_its_last() -> None:
    always = intersect(NO_RULE.hours, CallingHours(NO_RULE.hours.windows, ClosedDays(frozenset({"US-AL"}))))
    chicago = load_zones(["America/Chicago"])
    assert closes_at(utc("2026-12-24 15:00"), always, chicago) == utc("2026-12-25 06:00")
    assert not is_open(utc("2026-12-25 06:00"), always, chicago)
    assert is_open(utc("2026-12-25 05:59:59.999999"), always, chicago)
    assert next_opening(utc("2026-12-25 06:00"), always, chicago) == utc("2026-12-26 06:00")


def test_with_several_zones_a_holiday_in_any_of_them_is_one() -> None:
    hours = CallingHours(NO_RULE.hours.windows, dates_only("2026-03-10"))
    zones = load_zones(["America/New_York", "America/Los_Angeles"])
    assert closes_at(utc("2026-03-09 15:00"), hours, zones) == utc("2026-03-10 04:00")
    assert next_opening(utc("2026-03-10 12:00"), hours, zones) == utc("2026-03-11 07:00")


def dates_only(*days: str) -> ClosedDays:
    return ClosedDays(dates=frozenset(date.fromisoformat(day) for day in days))


def test_mondays_that_are_holidays_three_times_in_a_row_are_waited_out() -> None:
    mondays = parse_windows([{"days": ["mon"], "opens": "09:00", "closes": "17:00"}])
    hours = intersect(
        mondays, CallingHours(NO_RULE.hours.windows, dates_only("2026-03-02", "2026-03-09", "2026-03-16"))
    )
    assert next_opening(utc("2026-02-23 17:00"), hours, load_zones(["UTC"])) == utc("2026-03-23 09:00")


@pytest.mark.parametrize(
    ("zone", "now", "opens"),
    [
        pytest.param("America/Chicago", "2026-03-03 01:59", "2026-03-03 01:59", id="at-home-before-20"),
        pytest.param("America/Chicago", "2026-03-03 02:00", "2026-03-03 14:00", id="at-home-at-20"),
        pytest.param("America/New_York", "2026-03-03 13:00", "2026-03-03 14:00", id="8-in-new-york-is-7-central"),
        pytest.param("America/New_York", "2026-03-03 01:00", "2026-03-03 14:00", id="20-in-new-york"),
        pytest.param("America/Los_Angeles", "2026-03-03 02:00", "2026-03-03 16:00", id="20-central"),
    ],
)
def test_mississippi_hours_hold_on_central_clocks_wherever_the_lead_is(zone: str, now: str, opens: str) -> None:
    rule = strict(None, "+16015550100")
    assert next_opening(utc(now), rule.hours, load_zones([zone])) == utc(opens)


def test_hours_elsewhere_survive_being_cut_with_a_campaigns_windows() -> None:
    campaign = parse_windows([{"days": ["tue"], "opens": "08:00", "closes": "09:00"}])
    hours = intersect(campaign, strict("US-MS").hours)
    assert next_opening(utc("2026-03-03 00:00"), hours, load_zones(["America/New_York"])) is None
    assert next_opening(utc("2026-03-03 00:00"), hours, load_zones(["America/Chicago"])) == utc("2026-03-03 14:00")


def test_hours_on_a_fixed_clock_name_no_further_clocks() -> None:
    with pytest.raises(ValueError, match="can't name further clocks"):
        HoursElsewhere("America/Chicago", strict("US-MS").hours)


def test_a_calendar_nobody_knows_is_not_taken_for_one_without_holidays() -> None:
    with pytest.raises(NotImplementedError):
        assert date(2026, 7, 4) in ClosedDays(frozenset({"US-XX"}))


def test_a_new_years_day_observed_in_the_old_year_is_closed_in_the_old_year() -> None:
    assert date(2027, 12, 31) in strict("US-AL").holidays
