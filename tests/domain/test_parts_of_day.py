from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.calling_hours import is_open, parse_windows
from domain.parts_of_day import other_part_of_day, part_of_day
from domain.time_zones import load_zones

ALL_WEEK = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
UTC_ONLY = load_zones(["UTC"])


def at(written: str) -> datetime:
    """An instant of March 2026, as day and time."""
    return datetime.fromisoformat(f"2026-03-{written}").replace(tzinfo=UTC)


def test_the_day_has_four_parts_by_the_clock_on_the_spot() -> None:
    (honolulu,) = load_zones(["Pacific/Honolulu"])
    times = ["02 10:00", "02 20:59", "02 21:00", "03 00:00", "03 02:59", "03 03:00", "03 09:59"]
    parts = [part_of_day(at(time), honolulu).value for time in times]
    assert parts == ["morning", "morning", "midday", "afternoon", "afternoon", "evening", "evening"]


@pytest.mark.parametrize(
    ("due", "unanswered", "again"),
    [
        pytest.param("02 09:30", ["02 09:00"], "02 11:00", id="after-the-morning-midday"),
        pytest.param("02 11:10", ["02 09:00"], "02 11:10", id="already-another-part"),
        pytest.param("02 13:00", ["02 09:00", "02 12:30"], "02 14:00", id="afternoon"),
        pytest.param("02 18:30", ["02 09:00", "02 12:00", "02 15:00", "02 18:00"], "02 18:30", id="all-tried-once"),
        pytest.param("02 18:30", ["01 18:00", "02 18:00"], "03 09:00", id="tomorrow-morning"),
        pytest.param("02 22:00", ["02 19:30"], "03 09:00", id="shut-when-due"),
        pytest.param(
            "02 09:30", ["01 09:00", "01 12:00", "01 15:00", "02 09:00"], "02 17:00", id="the-one-that-is-left"
        ),
        pytest.param(
            "02 18:30", ["01 09:00", "01 12:00", "01 15:00", "01 18:00", "02 18:00"], "03 09:00", id="least-tried"
        ),
        pytest.param("02 09:30", [], "02 09:30", id="never-tried"),
    ],
)
def test_a_lead_that_did_not_answer_is_tried_in_another_part_of_the_day(
    due: str, unanswered: list[str], again: str
) -> None:
    hours = parse_windows([{"days": ALL_WEEK, "opens": "09:00", "closes": "20:00"}])
    assert other_part_of_day(at(due), [at(dial) for dial in unanswered], hours, UTC_ONLY) == at(again)


def test_hours_that_open_too_late_leave_the_due_time_as_it_is() -> None:
    mondays = parse_windows([{"days": ["mon"], "opens": "09:00", "closes": "20:00"}])
    assert other_part_of_day(at("03 10:00"), [at("02 10:00")], mondays, UTC_ONLY) == at("03 10:00")


def test_the_bound_outweighs_the_wish() -> None:
    hours = parse_windows([{"days": ALL_WEEK, "opens": "09:00", "closes": "20:00"}])
    again = other_part_of_day(at("02 09:30"), [at("02 09:00")], hours, UTC_ONLY, at_most=timedelta(hours=1))
    assert again == at("02 09:30")


def test_a_dial_counts_for_every_part_that_one_of_the_clocks_showed() -> None:
    zones = load_zones(["America/New_York", "America/Chicago"])
    hours = parse_windows([{"days": ALL_WEEK, "opens": "08:00", "closes": "20:00"}])
    # 10:30 in Chicago is 11:30 in New York: morning and midday are both tried.
    again = other_part_of_day(at("02 17:00"), [at("02 16:30")], hours, zones)
    assert again == at("02 20:00")


@given(
    st.integers(0, 14 * 24 * 60),
    st.lists(st.integers(-7 * 24 * 60, 0), max_size=8),
    st.sampled_from([["America/Chicago"], ["America/New_York", "America/Los_Angeles"], ["Asia/Kathmandu"]]),
)
@settings(deadline=None, derandomize=True, database=None, max_examples=300)
def test_the_answer_is_never_early_never_too_late_and_open_unless_it_is_the_due_time(
    due_minute: int, dialled_minutes: list[int], zone_names: list[str]
) -> None:
    zones = load_zones(zone_names)
    hours = parse_windows([{"days": ALL_WEEK[:5], "opens": "09:00", "closes": "20:00"}])
    due = at("02 00:00") + timedelta(minutes=due_minute)
    dials = [due + timedelta(minutes=minute) for minute in dialled_minutes]
    again = other_part_of_day(due, dials, hours, zones)
    assert due <= again <= due + timedelta(hours=24)
    assert again == due or is_open(again, hours, zones)
    assert again == other_part_of_day(due, dials[::-1], hours, zones)
