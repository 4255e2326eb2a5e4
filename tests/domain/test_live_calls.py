"""Whose figure of live calls holds."""

import pytest

from domain.live_calls import calls_elsewhere, is_overcounted, outbound_cap


@pytest.mark.parametrize(
    ("current", "ours", "elsewhere"),
    [
        pytest.param(7, 3, 4, id="others-have-four"),
        pytest.param(3, 3, 0, id="all-are-ours"),
        pytest.param(3, 5, 0, id="two-of-ours-have-just-ended"),
    ],
)
def test_what_the_provider_counts_and_we_do_not_is_elsewhere(current: int, ours: int, elsewhere: int) -> None:
    assert calls_elsewhere(current, ours) == elsewhere


@pytest.mark.parametrize(
    ("reserved", "elsewhere", "cap"),
    [
        pytest.param(0, 0, 20, id="everything"),
        pytest.param(4, 0, 16, id="some-are-kept-for-people-who-ring-in"),
        pytest.param(4, 4, 16, id="who-ring-in"),
        pytest.param(4, 6, 14, id="and-more-of-them"),
        pytest.param(0, 25, -5, id="more-than-there-may-be"),
    ],
)
def test_calls_elsewhere_use_up_the_reserved_share_first(reserved: int, elsewhere: int, cap: int) -> None:
    assert outbound_cap(20, reserved, elsewhere) == cap


@pytest.mark.parametrize(
    ("current", "ours", "overcounted"),
    [
        pytest.param(0, 2, False, id="two-may-have-just-ended"),
        pytest.param(0, 3, True, id="three-have-not"),
        pytest.param(200, 220, False, id="a-tenth-where-there-are-many"),
        pytest.param(200, 221, True, id="more-than-a-tenth"),
        pytest.param(30, 5, False, id="others-have-calls-too"),
    ],
)
def test_we_count_too_many_only_beyond_what_the_way_of_the_word_explains(
    current: int, ours: int, overcounted: bool
) -> None:
    assert is_overcounted(current, ours) is overcounted
