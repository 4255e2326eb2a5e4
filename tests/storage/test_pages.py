from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.pages import Cursor, InvalidCursor, read_cursor


@given(st.datetimes(timezones=st.just(UTC)), st.uuids())
def test_a_cursor_is_read_as_it_was_written(instant: datetime, row_id: UUID) -> None:
    cursor = Cursor(instant, row_id)
    assert read_cursor(cursor.written()) == cursor


@given(st.text(max_size=64))
def test_whatever_else_comes_is_refused_and_breaks_nothing(text: str) -> None:
    try:
        cursor = read_cursor(text)
    except InvalidCursor:
        return
    assert read_cursor(cursor.written()) == cursor


@pytest.mark.parametrize("text", ["", "x", "é" * 32, "f" * 32, "A" * 31, "A" * 33, "===="])
def test_an_invented_cursor_is_refused(text: str) -> None:
    with pytest.raises(InvalidCursor):
        read_cursor(text)
