import pytest

from domain.windows import CallingHours, InvalidWindows, Window, parse_windows

GOOD = {"days": ["mon"], "opens": "09:00", "closes": "17:00"}


def test_windows_are_read_as_the_contract_writes_them() -> None:
    assert parse_windows([{"days": ["mon", "FRI"], "opens": "09:30", "closes": "24:00"}]) == CallingHours(
        (Window(frozenset({0, 4}), 570, 1440),)
    )


def test_windows_that_touch_or_overlap_are_one() -> None:
    hours = parse_windows(
        [
            {"days": ["mon"], "opens": "12:00", "closes": "24:00"},
            {"days": ["tue"], "opens": "00:00", "closes": "02:00"},
            {"days": ["mon"], "opens": "09:00", "closes": "13:00"},
            {"days": ["mon"], "opens": "12:15", "closes": "12:30"},
        ]
    )
    assert hours.week == ((9 * 60, 26 * 60),)


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        pytest.param([], "Give a list of windows", id="none"),
        pytest.param(None, "Give a list of windows", id="null"),
        pytest.param("09:00-17:00", "Give a list of windows", id="text"),
        pytest.param(GOOD, "Give a list of windows", id="one-without-its-list"),
        pytest.param([GOOD] * 51, "50 at most", id="too-many"),
        pytest.param([GOOD, 7], "Window 2 needs exactly", id="a-number-as-window"),
        pytest.param([{"days": ["mon"], "opens": "09:00"}], "Window 1 needs exactly", id="closes-is-missing"),
        pytest.param([{**GOOD, "time_zone": "UTC"}], "Window 1 needs exactly", id="a-key-that-would-be-ignored"),
        pytest.param([{**GOOD, "days": []}], "needs `days`", id="no-days"),
        pytest.param([{**GOOD, "days": "mon"}], "needs `days`", id="days-as-text"),
        pytest.param([{**GOOD, "days": ["monday"]}], "mon, tue, wed", id="unknown-day"),
        pytest.param([{**GOOD, "days": [0]}], "needs `days`", id="day-as-number"),
        pytest.param([{**GOOD, "opens": "9:00"}], "needs `opens` as HH:MM", id="one-digit"),
        pytest.param([{**GOOD, "opens": 9}], "needs `opens` as HH:MM", id="number"),
        pytest.param([{**GOOD, "closes": "24:01"}], "needs `closes` as HH:MM", id="after-the-day"),
        pytest.param([{**GOOD, "closes": "17:00\n"}], "needs `closes` as HH:MM", id="line-end"),
        pytest.param([{**GOOD, "closes": "\uff11\uff17:00"}], "needs `closes` as HH:MM", id="full-width"),
        pytest.param([{**GOOD, "opens": "22:00", "closes": "02:00"}], "over midnight. Give two", id="over-midnight"),
        pytest.param([{**GOOD, "opens": "24:00", "closes": "02:00"}], "over midnight. Give two", id="opens-at-24"),
        pytest.param([{**GOOD, "opens": "09:00", "closes": "09:00"}], "whole day give opens 00:00", id="nothing-open"),
    ],
)
def test_windows_that_cannot_be_kept_are_refused_with_what_to_give(written: object, hint: str) -> None:
    with pytest.raises(InvalidWindows, match=hint):
        parse_windows(written)


@pytest.mark.parametrize(
    ("days", "opens", "closes"),
    [
        pytest.param(frozenset[int](), 0, 60, id="no-days"),
        pytest.param(frozenset({7}), 0, 60, id="an-eighth-day"),
        pytest.param(frozenset({0}), -1, 60, id="before-midnight"),
        pytest.param(frozenset({0}), 60, 60, id="empty"),
        pytest.param(frozenset({0}), 0, 1441, id="after-midnight"),
    ],
)
def test_a_window_that_is_none_cannot_be_made(days: frozenset[int], opens: int, closes: int) -> None:
    with pytest.raises(InvalidWindows):
        Window(days, opens, closes)
