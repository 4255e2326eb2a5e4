"""Promises are kept when they can be read, and lie ahead."""

from datetime import UTC, datetime

import pytest
import pytz

from domain.callbacks import promised_callback

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "zone", "instant"),
    [
        pytest.param("2026-03-03T10:00:00-05:00", "America/Chicago", "2026-03-03T15:00:00", id="its-own-offset"),
        pytest.param("2026-03-03T10:00:00", "America/Chicago", "2026-03-03T16:00:00", id="the-leads-clock"),
        pytest.param(" 2026-03-03T10:00 ", "Asia/Kathmandu", "2026-03-03T04:15:00", id="quarter-hour-zone"),
        pytest.param("2026-03-08T02:30:00", "America/New_York", "2026-03-08T07:30:00", id="an-hour-that-is-left-out"),
        pytest.param("2026-03-29T01:30:00", "Europe/Dublin", "2026-03-29T01:30:00", id="a-winter-that-is-the-change"),
    ],
)
def test_a_promise_that_can_be_kept_is_an_instant(written: str, zone: str, instant: str) -> None:
    expected = datetime.fromisoformat(instant).replace(tzinfo=UTC)
    assert promised_callback(written, now=NOW, zone=pytz.timezone(zone)) == expected


@pytest.mark.parametrize(
    "written",
    [
        pytest.param(None, id="nothing"),
        pytest.param("tomorrow at ten", id="words"),
        pytest.param("2026-03-02T12:00:00Z", id="this-very-moment"),
        pytest.param("2026-03-01T10:00:00Z", id="past"),
        pytest.param("2027-03-02T10:00:00Z", id="a-year-ahead"),
        pytest.param("9999-12-31T23:59:59", id="the-end-of-time"),
    ],
)
def test_any_other_promise_leaves_it_to_the_schedule(written: str | None) -> None:
    assert promised_callback(written, now=NOW, zone=pytz.timezone("America/Chicago")) is None
