import pytest

from domain.request_rate import TICKS, Asked, Rate, read_rate


@pytest.mark.parametrize(
    ("written", "rate"),
    [
        pytest.param("100/minute", Rate(100, 60), id="minute"),
        pytest.param(" 5/Second ", Rate(5, 1), id="second"),
        pytest.param("9999999/day", Rate(9_999_999, 86_400), id="the-highest"),
    ],
)
def test_a_rate_is_read(written: str, rate: Rate) -> None:
    assert read_rate(written) == rate


@pytest.mark.parametrize("written", ["", "0/minute", "10", "10/week", "off", "10000000/day", "-1/minute", "1.5/minute"])
def test_what_is_no_rate_says_what_one_looks_like(written: str) -> None:
    with pytest.raises(ValueError, match="such as 100/minute"):
        read_rate(written)


def test_more_may_be_asked_when_the_oldest_request_is_a_period_old() -> None:
    counts = [0] * TICKS
    counts[-31] = counts[-1] = 50
    asked = Asked(Rate(100, 60), is_within=True, counts=counts, tick=1_000, now_seconds=1_000.5)
    assert asked.remaining == 0
    assert asked.more_in_seconds == 30, "asked in the second from 970 on, forgotten at 1030"


def test_whoever_is_refused_always_waits_a_second_at_least() -> None:
    assert Asked(Rate(1, 1), is_within=False, counts=(), tick=0, now_seconds=9.0).more_in_seconds == 1
