from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.attempt_caps import AttemptCaps, HeldBack, held_back
from domain.time_zones import load_zones

(CHICAGO, SAO_PAULO, ST_JOHNS) = load_zones(["America/Chicago", "America/Sao_Paulo", "America/St_Johns"])
THREE_A_DAY = AttemptCaps(per_24_hours=3)
START = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)


def utc(written: str) -> datetime:
    return datetime.fromisoformat(written).replace(tzinfo=UTC)


def cap_until(caps: AttemptCaps, dialled_at: Sequence[datetime], zone: tzinfo, now: datetime) -> datetime | None:
    held = held_back(caps, dialled_at, zone, now)
    return None if held is None else held.until


@pytest.mark.parametrize(
    ("caps", "dialled", "now", "until"),
    [
        pytest.param(AttemptCaps(), ["03-02 15:00"] * 9, "03-02 15:00", None, id="no-caps"),
        pytest.param(THREE_A_DAY, ["03-02 15:00", "03-02 16:00"], "03-02 17:00", None, id="one-left"),
        pytest.param(
            THREE_A_DAY, ["03-02 17:00", "03-02 15:00", "03-02 16:00"], "03-02 18:00", "03-03 15:00", id="in-any-order"
        ),
        pytest.param(
            THREE_A_DAY, ["03-02 15:00", "03-02 16:00", "03-02 17:00"], "03-03 15:00", None, id="exactly-a-day-later"
        ),
        pytest.param(
            THREE_A_DAY,
            ["03-02 15:00", "03-02 16:00", "03-02 17:00"],
            "03-03 14:59:59.999999",
            "03-03 15:00",
            id="a-microsecond-before",
        ),
        pytest.param(
            THREE_A_DAY, ["03-01 15:00"] * 5 + ["03-02 15:00"] * 4, "03-02 16:00", "03-03 15:00", id="more-than-allowed"
        ),
        pytest.param(
            AttemptCaps(least_distance=timedelta(hours=8)), ["03-02 15:00"], "03-02 22:59", "03-02 23:00", id="maine"
        ),
        pytest.param(
            AttemptCaps(least_distance=timedelta(hours=8)), ["03-02 15:00"], "03-02 23:00", None, id="maine-8-h-later"
        ),
        pytest.param(
            AttemptCaps(per_day=2), ["03-02 15:00", "03-03 02:00"], "03-03 03:00", "03-03 06:00", id="local-midnight"
        ),
        pytest.param(
            AttemptCaps(per_day=2), ["03-02 05:59", "03-02 15:00"], "03-02 16:00", None, id="yesterday-on-their-clock"
        ),
        pytest.param(
            AttemptCaps(per_day=1, per_24_hours=1), ["03-02 15:00"], "03-02 16:00", "03-03 15:00", id="the-later-holds"
        ),
        pytest.param(
            AttemptCaps(per_day=1), ["03-02 15:00", "03-03 15:00"], "03-02 16:00", "03-04 06:00", id="clock-runs-ahead"
        ),
    ],
)
def test_one_more_dial_waits_until_every_cap_has_room(
    caps: AttemptCaps, dialled: list[str], now: str, until: str | None
) -> None:
    dials = [utc(f"2026-{dial}") for dial in dialled]
    answer = cap_until(caps, dials, CHICAGO, utc(f"2026-{now}"))
    assert answer == (None if until is None else utc(f"2026-{until}"))


@pytest.mark.parametrize(
    ("caps", "until", "by"),
    [
        pytest.param(AttemptCaps(per_day=2), "03-03 06:00", "the cap of 2 calls a day", id="calls-a-day"),
        pytest.param(AttemptCaps(per_24_hours=1), "03-03 15:30", "the cap of 1 call in 24 hours", id="rolling"),
        pytest.param(
            AttemptCaps(least_distance=timedelta(hours=2)),
            "03-02 17:30",
            "the distance of 2 hours between calls",
            id="distance",
        ),
        pytest.param(
            AttemptCaps(least_distance=timedelta(minutes=90)),
            "03-02 17:00",
            "the distance of 90 minutes between calls",
            id="distance-in-minutes",
        ),
        pytest.param(
            AttemptCaps(least_distance=timedelta(days=1)),
            "03-03 15:30",
            "the distance of 1 day between calls",
            id="distance-in-days",
        ),
        pytest.param(
            AttemptCaps(per_day=2, per_24_hours=2, least_distance=timedelta(hours=2)),
            "03-03 15:00",
            "the cap of 2 calls in 24 hours",
            id="the-last-of-all",
        ),
        pytest.param(
            AttemptCaps(per_day=1, per_24_hours=2, least_distance=timedelta(hours=26)),
            "03-03 17:30",
            "the distance of 26 hours between calls",
            id="beyond-the-day",
        ),
    ],
)
def test_who_is_held_back_is_told_by_what(caps: AttemptCaps, until: str, by: str) -> None:
    dials = [utc("2026-03-02 15:00"), utc("2026-03-02 15:30")]
    assert held_back(caps, dials, CHICAGO, utc("2026-03-02 16:00")) == HeldBack(utc(f"2026-{until}"), by)


def test_a_day_that_is_an_hour_longer_ends_an_hour_later() -> None:
    # In the night to 18 February 2018 Brazil put its clocks back at midnight.
    answer = cap_until(AttemptCaps(per_day=1), [utc("2018-02-17 15:00")], SAO_PAULO, utc("2018-02-18 01:30"))
    assert answer == utc("2018-02-18 03:00")


def test_the_minute_of_tomorrow_before_clocks_go_back_into_today_has_room() -> None:
    # Newfoundland put its clocks back at 00:01 on 7 November 2010: Sunday began, Saturday came again for 59 minutes.
    dials = [utc("2010-11-06 15:00")]
    assert cap_until(AttemptCaps(per_day=1), dials, ST_JOHNS, utc("2010-11-07 02:00")) == utc("2010-11-07 02:30")
    assert cap_until(AttemptCaps(per_day=1), dials, ST_JOHNS, utc("2010-11-07 02:45")) == utc("2010-11-07 03:30")


def test_of_two_sets_of_caps_the_stricter_of_each_holds() -> None:
    campaign = AttemptCaps(per_day=2, per_24_hours=5, least_distance=timedelta(hours=1))
    rule = AttemptCaps(per_24_hours=3, least_distance=timedelta(hours=8))
    assert campaign.stricter(rule) == AttemptCaps(per_day=2, per_24_hours=3, least_distance=timedelta(hours=8))
    assert AttemptCaps().stricter(AttemptCaps()) == AttemptCaps()


@pytest.mark.parametrize(
    "caps",
    [{"per_day": 0}, {"per_24_hours": -1}, {"least_distance": timedelta(seconds=-1)}],
    ids=["no-dial-a-day", "negative", "backwards"],
)
def test_a_cap_that_is_none_cannot_be_made(caps: dict[str, int | timedelta]) -> None:
    with pytest.raises(ValueError, match=r"allow 1 dial|negative"):
        AttemptCaps(**caps)  # type: ignore[arg-type]


def test_a_naive_instant_is_refused() -> None:
    with pytest.raises(ValueError, match="timezone-aware"):
        cap_until(THREE_A_DAY, [], CHICAGO, datetime(2026, 3, 2))  # noqa: DTZ001 - what is tested


@given(
    st.integers(1, 4),
    st.integers(1, 3),
    st.integers(0, 10 * 3600),
    st.lists(st.one_of(st.just(0), st.integers(0, 20 * 3600)), max_size=25),
)
@settings(deadline=None, derandomize=True, database=None, max_examples=500)
def test_however_eagerly_somebody_dials_no_window_and_no_day_ever_holds_too_many(
    per_24_hours: int, per_day: int, distance_seconds: int, pauses_seconds: list[int]
) -> None:
    distance = timedelta(seconds=distance_seconds)
    caps = AttemptCaps(per_day=per_day, per_24_hours=per_24_hours, least_distance=distance)
    dials: list[datetime] = []
    now = START
    for pause in pauses_seconds:
        now += timedelta(seconds=pause)
        until = cap_until(caps, dials, CHICAGO, now)
        assert until is None or (until > now and cap_until(caps, dials, CHICAGO, until) is None)
        assert until is None or cap_until(caps, dials, CHICAGO, until - timedelta(microseconds=1)) == until
        now = until or now
        dials.append(now)
    days = [dial.astimezone(CHICAGO).date() for dial in dials]
    assert all(days.count(day) <= per_day for day in days)
    assert all(sum(first <= dial < first + timedelta(hours=24) for dial in dials) <= per_24_hours for first in dials)
    assert all(later - earlier >= distance for earlier, later in pairwise(dials))
