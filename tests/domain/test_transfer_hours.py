"""When calls are put through: on the clock of those who answer them."""

from datetime import UTC, datetime

import pytest

from domain.transfer_hours import InvalidTransferHours, may_transfer, parse_transfer_hours
from domain.windows import HoursElsewhere, parse_windows

WINDOWS = [{"days": ["mon", "tue"], "opens": "09:00", "closes": "17:00"}]


def test_hours_are_read_as_those_of_a_campaign_with_a_place() -> None:
    read = parse_transfer_hours({"time_zone": "america/new_york", "windows": WINDOWS})
    assert read == HoursElsewhere("America/New_York", parse_windows(WINDOWS))


@pytest.mark.parametrize(
    ("utc", "open_"),
    [
        pytest.param("2026-03-02T13:59:59", False, id="before-they-come"),
        pytest.param("2026-03-02T14:00:00", True, id="as-they-come"),
        pytest.param("2026-03-02T22:00:00", False, id="as-they-go"),
        pytest.param("2026-03-09T13:00:00", True, id="an-hour-earlier-in-summer"),
        pytest.param("2026-03-04T15:00:00", False, id="another-day"),
    ],
)
def test_somebody_is_there_within_the_hours(utc: str, open_: bool) -> None:
    hours = parse_transfer_hours({"time_zone": "America/New_York", "windows": WINDOWS})
    assert may_transfer(hours, datetime.fromisoformat(utc).replace(tzinfo=UTC)) is open_


def test_without_hours_somebody_is_always_there() -> None:
    assert may_transfer(None, datetime(2026, 3, 1, 3, tzinfo=UTC))


@pytest.mark.parametrize(
    ("written", "says"),
    [
        pytest.param(None, "exactly `time_zone` and `windows`", id="nothing"),
        pytest.param(WINDOWS, "exactly `time_zone` and `windows`", id="no-place"),
        pytest.param({"windows": WINDOWS}, "exactly `time_zone` and `windows`", id="the-place-forgotten"),
        pytest.param({"time_zone": "EST5", "windows": WINDOWS}, "IANA name", id="an-abbreviation"),
        pytest.param({"time_zone": None, "windows": WINDOWS}, "IANA name", id="null"),
        pytest.param({"time_zone": "Mars/" * 1000, "windows": WINDOWS}, "IANA name", id="an-endless-name"),
        pytest.param({"time_zone": "Europe/Paris", "windows": []}, "Give a list of windows", id="never"),
        pytest.param(
            {"time_zone": "Europe/Paris", "windows": [{"days": ["mon"], "opens": "22:00", "closes": "02:00"}]},
            "over midnight",
            id="over-midnight",
        ),
    ],
)
def test_hours_that_cannot_be_kept_are_refused_with_a_remedy(written: object, says: str) -> None:
    with pytest.raises(InvalidTransferHours, match=says) as refused:
        parse_transfer_hours(written)
    assert len(str(refused.value)) < 300
