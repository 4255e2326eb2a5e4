from datetime import UTC, datetime, timedelta

import pytest

from domain.calling_hours import parse_windows
from domain.carriers import too_fast_for
from domain.forecasts import Cap, binding_cap, through_by
from domain.time_zones import load_zones

CHICAGO = load_zones(["America/Chicago"])
WEEKDAYS = parse_windows([{"days": ["mon", "tue", "wed", "thu", "fri"], "opens": "09:00", "closes": "17:00"}])
FRIDAY_NOON = datetime(2026, 3, 6, 18, tzinfo=UTC)


@pytest.mark.parametrize(
    ("hours", "through"),
    [
        pytest.param(0, FRIDAY_NOON, id="nothing-to-do"),
        pytest.param(5, datetime(2026, 3, 6, 23, tzinfo=UTC), id="till-the-closing"),
        pytest.param(6, datetime(2026, 3, 9, 15, tzinfo=UTC), id="over-the-weekend-and-the-change-of-clocks"),
        pytest.param(5 + 40, datetime(2026, 3, 13, 22, tzinfo=UTC), id="a-week-of-eight-hours-a-day"),
        pytest.param(10_000, None, id="beyond-a-year"),
    ],
)
def test_calling_goes_on_within_the_hours_only(hours: int, through: datetime | None) -> None:
    assert through_by(FRIDAY_NOON, timedelta(hours=hours), WEEKDAYS, CHICAGO) == through


def test_the_cap_that_lets_the_fewest_calls_through_binds() -> None:
    live, pace = Cap("live", live_calls=60), Cap("pace", calls_per_second=0.5)
    assert binding_cap([live, pace], timedelta(seconds=60)) is pace
    assert binding_cap([live, pace], timedelta(seconds=180)) is live
    assert live.calls_an_hour(timedelta(seconds=180)) == 1_200


@pytest.mark.parametrize(
    ("carrier", "pace", "too_fast"),
    [
        pytest.param("twilio", 5.0, False, id="as-fast-as-it-can"),
        pytest.param("twilio", 5.5, True, id="faster-than-it-can"),
        pytest.param("plivo", 99.0, False, id="nobody-knows"),
    ],
)
def test_a_carrier_bears_only_so_many_calls_a_second(carrier: str, pace: float, too_fast: bool) -> None:
    assert (too_fast_for(carrier, pace) is not None) == too_fast
