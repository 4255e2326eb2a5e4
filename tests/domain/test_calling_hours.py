from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from domain.calling_hours import (
    CallingHours,
    Window,
    closes_at,
    describe_local,
    federal_hours,
    intersect,
    is_open,
    next_opening,
    parse_windows,
)
from domain.time_zones import load_zones

WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def hours(opens: str, closes: str, days: Sequence[str] = WEEK) -> CallingHours:
    return parse_windows([{"days": list(days), "opens": opens, "closes": closes}])


def utc(written: str) -> datetime:
    return datetime.fromisoformat(written).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "now", "window", "opens"),
    [
        pytest.param("UTC", "2026-03-02 08:00", ("08:00", "21:00"), "2026-03-02 08:00", id="at-opening"),
        pytest.param("UTC", "2026-03-02 07:59:59.999999", ("08:00", "21:00"), "2026-03-02 08:00", id="just-before"),
        pytest.param("UTC", "2026-03-02 20:59:59", ("08:00", "21:00"), "2026-03-02 20:59:59", id="last-second"),
        pytest.param("UTC", "2026-03-02 21:00", ("08:00", "21:00"), "2026-03-03 08:00", id="closing-is-exclusive"),
        pytest.param(
            "America/New_York", "2026-03-08 03:00", ("08:00", "21:00"), "2026-03-08 12:00", id="clocks-forward"
        ),
        pytest.param(
            "America/New_York", "2026-11-01 02:00", ("08:00", "21:00"), "2026-11-01 13:00", id="night-clocks-go-back"
        ),
        pytest.param(
            "America/New_York",
            "2026-03-08 06:00",
            ("02:30", "05:00"),
            "2026-03-08 07:00",
            id="opens-when-skipped",
        ),
        pytest.param(
            "America/New_York", "2026-03-08 06:00", ("02:00", "03:00"), "2026-03-09 06:00", id="all-of-it-is-skipped"
        ),
        pytest.param(
            "America/New_York", "2026-11-01 06:10", ("01:30", "01:45"), "2026-11-01 06:30", id="second-time-round"
        ),
        pytest.param(
            "Australia/Lord_Howe", "2026-04-04 15:05", ("01:45", "09:00"), "2026-04-04 15:15", id="half-hour-back"
        ),
        pytest.param("Asia/Kolkata", "2026-03-02 00:00", ("10:00", "21:00"), "2026-03-02 04:30", id="half-hour-zone"),
        pytest.param("Asia/Kathmandu", "2026-03-02 00:00", ("10:00", "21:00"), "2026-03-02 04:15", id="45-minutes"),
        pytest.param("Pacific/Chatham", "2026-06-01 18:00", ("09:00", "17:00"), "2026-06-01 20:15", id="chatham"),
        pytest.param("Asia/Pyongyang", "2018-05-04 14:50", ("00:00", "06:00"), "2018-05-04 15:00", id="new-offset"),
    ],
)
def test_outside_calling_hours_the_lead_waits_for_the_next_opening(
    zone: str, now: str, window: tuple[str, str], opens: str
) -> None:
    opening = next_opening(utc(now), hours(*window), load_zones([zone]))
    assert opening == utc(opens)


def test_the_day_that_samoa_left_out_is_no_day_to_call() -> None:
    fridays = hours("09:00", "17:00", ["fri"])
    opening = next_opening(utc("2011-12-29 20:00"), fridays, load_zones(["Pacific/Apia"]))
    assert opening == utc("2012-01-05 19:00")


@pytest.mark.parametrize("now", ["2026-11-01 05:30", "2026-11-01 06:30"], ids=["first-time", "second-time"])
def test_an_hour_that_occurs_twice_is_open_both_times(now: str) -> None:
    assert is_open(utc(now), hours("01:00", "02:00"), load_zones(["America/New_York"]))


def test_with_several_zones_it_opens_when_the_last_one_does() -> None:
    zones = load_zones(["America/New_York", "America/Los_Angeles"])
    opening = next_opening(utc("2026-03-02 13:00"), hours("09:00", "17:00"), zones)
    assert opening == utc("2026-03-02 17:00")


def test_with_several_zones_it_closes_when_the_first_one_does() -> None:
    zones = load_zones(["America/Los_Angeles", "America/New_York"])
    assert closes_at(utc("2026-03-02 17:00"), hours("09:00", "17:00"), zones) == utc("2026-03-02 22:00")


@pytest.mark.parametrize(
    ("windows", "zones"),
    [
        pytest.param(hours("09:00", "10:00"), ["America/New_York", "Asia/Kolkata"], id="never-at-once"),
        pytest.param(CallingHours(()), ["America/New_York"], id="no-windows"),
    ],
)
def test_what_never_opens_is_said_to_open_never(windows: CallingHours, zones: list[str]) -> None:
    assert next_opening(utc("2026-03-02 13:00"), windows, load_zones(zones)) is None


def test_a_weekly_window_is_found_from_right_after_its_closing() -> None:
    opening = next_opening(utc("2026-03-02 10:00"), hours("09:00", "10:00", ["mon"]), load_zones(["UTC"]))
    assert opening == utc("2026-03-09 09:00")


@pytest.mark.parametrize(
    ("zone", "now", "windows", "closes"),
    [
        pytest.param("UTC", "2026-03-02 09:00", hours("09:00", "17:00"), "2026-03-02 17:00", id="same-day"),
        pytest.param(
            "UTC", "2026-03-07 09:00", hours("00:00", "24:00", ["sat", "sun"]), "2026-03-09 00:00", id="joined"
        ),
        pytest.param(
            "UTC", "2026-03-08 09:00", hours("00:00", "24:00", ["sun", "mon"]), "2026-03-10 00:00", id="week-end"
        ),
        pytest.param("UTC", "2026-03-02 09:00", hours("00:00", "24:00"), "2026-03-09 09:00", id="never-closes"),
        pytest.param("America/New_York", "2026-11-01 05:30", hours("01:00", "02:00"), "2026-11-01 07:00", id="twice"),
        pytest.param(
            "America/New_York", "2026-11-01 05:10", hours("01:00", "01:30"), "2026-11-01 05:30", id="closes-between"
        ),
        pytest.param(
            "America/New_York",
            "2026-03-08 06:30",
            hours("01:00", "02:30"),
            "2026-03-08 07:00",
            id="skipped",
        ),
    ],
)
def test_an_open_window_says_when_it_closes(zone: str, now: str, windows: CallingHours, closes: str) -> None:
    assert closes_at(utc(now), windows, load_zones([zone])) == utc(closes)


def test_what_is_closed_cannot_close() -> None:
    with pytest.raises(ValueError, match="ask is_open first"):
        closes_at(utc("2026-03-02 08:59"), hours("09:00", "17:00"), load_zones(["UTC"]))


@pytest.mark.parametrize("question", [is_open, next_opening, closes_at])
def test_a_naive_instant_and_a_lead_without_zones_are_refused(question: object) -> None:
    assert callable(question)
    with pytest.raises(ValueError, match="naive"):
        question(datetime(2026, 3, 2, 12, 0), federal_hours(), load_zones(["UTC"]))  # noqa: DTZ001 - what is tested
    with pytest.raises(ValueError, match="at least one time zone"):
        question(utc("2026-03-02 12:00"), federal_hours(), ())


def test_answers_are_in_utc_whatever_zone_the_question_was_asked_in() -> None:
    (chicago,) = load_zones(["America/Chicago"])
    opening = next_opening(utc("2026-03-02 15:00").astimezone(chicago), federal_hours(), [chicago])
    assert opening is not None
    assert (opening, opening.utcoffset()) == (utc("2026-03-02 15:00"), timedelta(0))


@pytest.mark.parametrize(
    ("local", "may_call"),
    [("07:59", False), ("08:00", True), ("20:59", True), ("21:00", False)],
    ids=["before-8", "at-8", "before-21", "at-21"],
)
def test_federal_hours_are_eight_to_nine_at_the_called_party(local: str, may_call: bool) -> None:
    (honolulu,) = load_zones(["Pacific/Honolulu"])
    instant = utc(f"2026-03-01 {local}") + timedelta(hours=10)
    assert is_open(instant, federal_hours(), [honolulu]) is may_call


def test_hours_in_common_are_open_where_both_are() -> None:
    campaign = parse_windows(
        [
            {"days": ["mon", "tue"], "opens": "06:00", "closes": "12:00"},
            {"days": ["sat"], "opens": "20:00", "closes": "23:00"},
            {"days": ["sun"], "opens": "21:00", "closes": "24:00"},
        ]
    )
    assert intersect(campaign, federal_hours()).windows == (
        Window(frozenset({0, 1}), 8 * 60, 12 * 60),
        Window(frozenset({5}), 20 * 60, 21 * 60),
    )


def test_an_instant_is_described_by_the_clock_on_the_spot() -> None:
    assert describe_local(utc("2026-03-02 15:04"), "America/Chicago") == "Mon 09:04 America/Chicago"
