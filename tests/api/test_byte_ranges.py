"""What part a Range header means, by the standard's own examples and by odd ones."""

import pytest

from api.byte_ranges import OutOfRange, Span, asked_span


@pytest.mark.parametrize(
    ("header", "span"),
    [
        ("bytes=0-499", Span(0, 500)),
        ("bytes=500-999", Span(500, 1000)),
        ("bytes=-500", Span(9500, 10000)),
        ("bytes=9500-", Span(9500, 10000)),
        ("bytes=0-0", Span(0, 1)),
        ("bytes=9999-", Span(9999, 10000)),
        ("bytes=9990-20000", Span(9990, 10000)),
        ("bytes=-20000", Span(0, 10000)),
        ("bytes= 0-499 ", Span(0, 500)),
        (None, None),
        ("", None),
        ("bytes=-", None),
        ("bytes=500-499", None),
        ("bytes=0-0,-1", None),
        ("items=0-499", None),
        ("bytes=a-b", None),
        ("bytes=\u0661-\u0662", None),
        (f"bytes={'9' * 30}-", None),
    ],
)
def test_one_range_is_a_part_and_anything_else_the_whole(header: str | None, span: Span | None) -> None:
    assert asked_span(header, 10_000) == span


@pytest.mark.parametrize("header", ["bytes=10000-", "bytes=10000-10001", "bytes=-0"])
def test_a_part_that_is_not_there_is_refused(header: str) -> None:
    with pytest.raises(OutOfRange):
        asked_span(header, 10_000)
