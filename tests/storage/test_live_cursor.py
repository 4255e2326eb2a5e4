"""How far somebody has read, written as an event's id and read back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.live_cursor import LONGEST_WRITING, LiveCursor, UnknownCursor, read_cursor

NUMBERS = st.integers(1, 2**63 - 1)


@st.composite
def cursors(draw: st.DrawFn) -> LiveCursor:
    unfinished = sorted(draw(st.sets(NUMBERS, max_size=20)))
    end = draw(st.integers((unfinished or [1])[-1] + 1, 2**63 + 1).map(lambda end: min(end, 2**63 - 1)))
    unfinished = [one for one in unfinished if one < end]
    begin = unfinished[0] if unfinished else end
    return LiveCursor(draw(st.integers(0, 10**11)), begin, end, tuple(unfinished))


@given(cursors())
def test_what_is_written_is_read_back(cursor: LiveCursor) -> None:
    assert read_cursor(cursor.written()) == cursor
    assert "\n" not in cursor.written()
    assert LiveCursor.of(cursor.taken_at, cursor.snapshot) == cursor


@given(st.text(max_size=60))
def test_whatever_is_sent_is_read_or_refused(text: str) -> None:
    try:
        cursor = read_cursor(text)
    except UnknownCursor:
        return
    assert 0 < cursor.begin <= cursor.end


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "1-1:1",
        "1-0:0:",
        "1-2:1:",
        "1-1:2:3",
        "1-2:4:1",
        "1-1:4:2,2",
        "1-1:1:\n",
        "\uff11-1:1:",
        "-1-1:1:",
        "1-1:1:,",
    ],
)
def test_what_no_database_ever_said_is_refused(text: str) -> None:
    with pytest.raises(UnknownCursor):
        read_cursor(text)


def test_a_long_writing_goes_back_to_what_was_over_by_all_means() -> None:
    cursor = LiveCursor(1_772_474_400, 10**9, 10**9 + 2_000, tuple(range(10**9, 10**9 + 1_000)))
    assert len(cursor.snapshot) > LONGEST_WRITING
    assert read_cursor(cursor.written()) == LiveCursor(1_772_474_400, 10**9, 10**9, ())


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        pytest.param("5:9:5,7", "5:9:5", id="one-more-is-over"),
        pytest.param("5:9:5,7", "7:9:7", id="the-first-is-over"),
        pytest.param("5:9:5", "5:12:5,10,11", id="others-began-and-ended"),
        pytest.param("9:9:", "10:10:", id="one-after-the-other"),
    ],
)
def test_of_two_cursors_the_later_knows_more(earlier: str, later: str) -> None:
    one, other = LiveCursor.of(1, earlier), LiveCursor.of(1, later)
    assert other.knows_more_than(one)
    assert not one.knows_more_than(other)
    assert not one.knows_more_than(one)
