"""Periods are put together from whole days and the hours at their ends, without a gap and without an overlap."""

import bisect
import itertools
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
import pytz
from hypothesis import example, given
from hypothesis import strategies as st

from domain.periods import BEGINNING, END, Period, ZoneDays, beginning_of, days_within, whole_hours, zone_days


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_period_is_widened_to_full_hours() -> None:
    assert whole_hours(at("2026-03-02 10:59"), at("2026-03-02 11:01")) == Period(
        at("2026-03-02 10:00"), at("2026-03-02 12:00")
    )
    assert whole_hours(at("2026-03-02 10:00"), at("2026-03-02 11:00")) == Period(
        at("2026-03-02 10:00"), at("2026-03-02 11:00")
    )
    assert whole_hours(None, None) == Period(BEGINNING, END)


@pytest.mark.parametrize(
    ("since", "until", "grains"),
    [
        pytest.param("2026-03-02 00:00", "2026-03-05 00:00", ["day"], id="days"),
        pytest.param("2026-03-02 05:00", "2026-03-05 07:00", ["hour", "day", "hour"], id="hours-at-both-ends"),
        pytest.param("2026-03-02 05:00", "2026-03-05 00:00", ["hour", "day"], id="hours-at-the-beginning"),
        pytest.param("2026-03-02 05:00", "2026-03-02 07:00", ["hour"], id="within-a-day"),
        pytest.param("2026-03-02 05:00", "2026-03-03 07:00", ["hour"], id="over-one-midnight"),
    ],
)
def test_spans_cover_the_period_once(since: str, until: str, grains: list[str]) -> None:
    spans = Period(at(since), at(until)).spans()
    assert [span.grain for span in spans] == grains
    assert [span.since for span in spans] == [at(since), *(span.until for span in spans[:-1])]
    assert spans[-1].until == at(until)


@pytest.mark.parametrize(
    ("zone", "day", "begins"),
    [
        pytest.param("UTC", "2026-03-02", "2026-03-02 00:00", id="utc"),
        pytest.param("America/Chicago", "2026-03-02", "2026-03-02 06:00", id="behind"),
        pytest.param("Pacific/Kiritimati", "2026-03-02", "2026-03-01 10:00", id="far-ahead"),
        pytest.param("Asia/Kolkata", "2026-03-02", "2026-03-01 18:30", id="half-an-hour"),
        pytest.param("Africa/Cairo", "2026-04-24", "2026-04-23 22:00", id="a-midnight-that-the-clock-leaves-out"),
    ],
)
def test_a_day_begins_with_its_first_instant(zone: str, day: str, begins: str) -> None:
    assert beginning_of(date.fromisoformat(day), pytz.timezone(zone)) == at(begins)


def test_days_of_a_zone_are_as_long_as_its_clock_makes_them() -> None:
    chicago = pytz.timezone("America/Chicago")
    days = days_within(Period(at("2026-03-07 06:00"), at("2026-03-10 05:00")), chicago)
    assert [day.isoformat() for day, _ in days] == ["2026-03-07", "2026-03-08", "2026-03-09"]
    assert [later[1] - earlier[1] for earlier, later in itertools.pairwise(days)] == [
        timedelta(hours=24),
        timedelta(hours=23),
    ]


ZONES = [
    "UTC",
    "America/Chicago",
    "America/St_Johns",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Africa/Cairo",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "Etc/GMT+12",
    "Asia/Anadyr",
]
HOUR = timedelta(hours=1)


@given(
    st.sampled_from(ZONES),
    st.integers(min_value=0, max_value=400 * 24),
    st.integers(min_value=1, max_value=40 * 24),
)
@example("America/Chicago", 67 * 24 + 5, 9 * 24)  # over the change of its clocks
@example("Pacific/Apia", -(14 * 365 + 36) * 24, 20 * 24)  # which left a day out
def test_days_of_a_zone_are_put_together_from_those_of_utc(zone: str, after: int, hours: int) -> None:
    since = at("2026-01-01 00:00") + after * HOUR
    period = Period(since, since + hours * HOUR)
    days = days_within(period, pytz.timezone(zone))
    value = {since + place * HOUR: 2**place for place in range(hours)}  # so that no two sums are equal by chance
    expected = [0] * len(days)
    for hour, worth in value.items():
        expected[_place([begin for _, begin in days], hour)] += worth
    assert _put_together(period, zone_days(period, [begin for _, begin in days]), value) == expected


def _put_together(period: Period, parts: ZoneDays, value: Mapping[datetime, int]) -> list[int]:
    """As ``storage/costs.py`` has it done."""
    sums = [0] * len(parts.begins)
    whole = period.whole_days()
    for hour, worth in value.items():
        is_of_a_day = whole.since <= hour < whole.until
        midnight = hour.replace(hour=0)
        sums[_place(parts.midnights, midnight) if is_of_a_day else _place(parts.begins, hour)] += worth
    for hour in parts.moved:
        sums[_place(parts.midnights, hour)] -= value[hour]
        sums[_place(parts.begins, hour)] += value[hour]
    return sums


def _place(begins: Sequence[datetime], instant: datetime) -> int:
    """Where PostgreSQL's ``width_bucket`` puts it, counted from nought."""
    place = bisect.bisect_right(begins, instant) - 1
    assert place >= 0
    return place


def test_few_hours_are_moved() -> None:
    chicago = pytz.timezone("America/Chicago")
    period = Period(at("2026-01-01 06:00"), at("2026-01-31 06:00"))
    begins = [begin for _, begin in days_within(period, chicago)]
    assert len(zone_days(period, begins).moved) == 29 * 6
    assert zone_days(period, [begin - 6 * HOUR for begin in begins]).moved == []
