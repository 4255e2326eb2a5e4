"""What comes back after it was parked is loaded by steps."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.ramp import distance, is_ramping, share

BACK = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        pytest.param(-5, 0.1, id="a-clock-that-is-behind"),
        pytest.param(0, 0.1, id="at-once"),
        pytest.param(30, 0.55, id="half-way"),
        pytest.param(60, 1.0, id="after-a-minute"),
        pytest.param(3_600, 1.0, id="for-good"),
    ],
)
def test_the_share_grows_evenly_from_a_tenth_to_all_within_a_minute(seconds: int, expected: float) -> None:
    assert share(BACK, BACK + timedelta(seconds=seconds)) == pytest.approx(expected)


def test_what_was_never_parked_has_its_full_share() -> None:
    assert (share(None, BACK), is_ramping(None, BACK)) == (1.0, False)


def test_the_ramp_ends_after_a_minute() -> None:
    assert is_ramping(BACK, BACK + timedelta(seconds=59.9))
    assert not is_ramping(BACK, BACK + timedelta(seconds=60))


@pytest.mark.parametrize(
    ("calls_per_second", "seconds", "expected"),
    [
        pytest.param(10.0, 0, 1.0, id="a-tenth-of-ten"),
        pytest.param(10.0, 60, 0.1, id="all-of-ten"),
        pytest.param(1.0, 0, 2.0, id="at-least-one-call-each-two-seconds"),
        pytest.param(0.25, 0, 4.0, id="but-never-more-than-is-allowed-at-all"),
    ],
)
def test_calls_keep_the_distance_of_the_share(calls_per_second: float, seconds: int, expected: float) -> None:
    kept = distance(calls_per_second, BACK + timedelta(seconds=seconds), BACK, None)
    assert kept.total_seconds() == pytest.approx(expected)


def test_the_one_that_came_back_last_decides() -> None:
    at = BACK + timedelta(seconds=50)
    assert distance(10.0, at, BACK, at) == distance(10.0, at, at) == timedelta(seconds=1)


def test_in_the_minute_of_the_ramp_a_little_more_than_half_of_the_calls_leave() -> None:
    at, calls = BACK, 0
    while at < BACK + timedelta(seconds=60):
        at, calls = at + distance(10.0, at, BACK), calls + 1
    assert 300 <= calls <= 340
