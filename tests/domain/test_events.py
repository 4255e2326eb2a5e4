"""How long an event is tried, and when an address is given up."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.events import RETRY_DELAYS, is_given_up, rest_after

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)


def test_a_delivery_is_tried_ten_times_within_a_little_more_than_three_days() -> None:
    whole = sum(RETRY_DELAYS, timedelta())
    assert len(RETRY_DELAYS) + 1 == 10
    assert timedelta(days=3) < whole < timedelta(days=3, hours=4)
    assert list(RETRY_DELAYS) == sorted(RETRY_DELAYS)


@pytest.mark.parametrize(
    ("failures", "seconds"),
    [
        pytest.param(1, 1, id="the-first"),
        pytest.param(2, 2, id="twice-as-long"),
        pytest.param(9, 256, id="the-ninth"),
        pytest.param(10, 300, id="five-minutes-at-most"),
        pytest.param(1_000_000, 300, id="however-often"),
    ],
)
def test_an_address_that_fails_rests_longer_each_time(failures: int, seconds: int) -> None:
    assert rest_after(failures) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("days", "failures", "given_up"),
    [
        pytest.param(5, 10, True, id="five-days-and-ten-failures"),
        pytest.param(4.99, 1_000, False, id="not-yet-five-days"),
        pytest.param(30, 9, False, id="too-few-to-tell"),
    ],
)
def test_an_address_is_given_up_after_five_days_without_a_success(days: float, failures: int, given_up: bool) -> None:
    assert is_given_up(NOW - timedelta(days=days), failures, NOW) is given_up
