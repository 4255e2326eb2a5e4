"""Appointments at an opening: given out no faster than they are served, never outside the window."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.appointments import appointment

OPENING = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)
CLOSING = OPENING + timedelta(hours=1)


def seconds(position: int, *, live_calls: int = 100_000, calls_per_second: float = 1_000.0) -> float:
    instant = appointment(
        position, opens_at=OPENING, open_until=CLOSING, live_calls=live_calls, calls_per_second=calls_per_second
    )
    return (instant - OPENING).total_seconds()


@pytest.mark.parametrize(
    ("position", "limits", "wakes"),
    [
        pytest.param(0, {}, 0, id="the-first-wakes-at-the-opening"),
        pytest.param(20, {}, 1, id="no-faster-than-the-engine-bears"),
        pytest.param(20, {"calls_per_second": 2.0}, 10, id="no-faster-than-calls-a-second"),
        pytest.param(20, {"live_calls": 30}, 20, id="no-faster-than-slots-come-free"),
        pytest.param(3_601, {"calls_per_second": 1.0}, 1, id="from-the-beginning-again"),
    ],
)
def test_leads_wake_as_fast_as_they_are_served(position: int, limits: dict[str, float], wakes: float) -> None:
    assert seconds(position, **limits) == pytest.approx(wakes)  # type: ignore[arg-type]


@given(st.integers(0, 10**6), st.integers(1, 5_000), st.floats(0.01, 200))
def test_nobody_wakes_outside_the_window(position: int, live_calls: int, calls_per_second: float) -> None:
    assert 0 <= seconds(position, live_calls=live_calls, calls_per_second=calls_per_second) < 3_600


def test_a_window_that_has_no_time_left_wakes_at_its_opening() -> None:
    instant = appointment(7, opens_at=OPENING, open_until=OPENING, live_calls=1, calls_per_second=1)
    assert instant == OPENING
