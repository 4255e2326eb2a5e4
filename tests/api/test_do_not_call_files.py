"""What is read from files of numbers, whoever wrote them."""

import codecs
from collections.abc import AsyncIterator

import pytest

from api.number_lines import LONGEST_LINE, Line, UnknownLayout, layout_of, lines_of, read_numbers

ONE, TWO = "+12125550101", "+12125550102"


async def in_chunks(body: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(body), size):
        yield body[start : start + size]


async def lines(body: bytes, size: int = 7) -> list[Line]:
    return [line async for line in lines_of(in_chunks(body, size))]


async def numbers(body: bytes) -> tuple[list[str], list[int]]:
    """The numbers of a file, and the lines that were rejected."""
    first, *others = await lines(body)
    layout, names_columns = layout_of(first.text)
    read = read_numbers(layout, others if names_columns else [first, *others])
    return list(read.valid), [rejection.line for rejection in read.rejected]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("2125550101\n2125550102\n", id="one-a-line"),
        pytest.param("2125550101\n2125550102", id="no-end-of-the-last-line"),
        pytest.param("\n\n2125550101\r\n\r\n  \r\n2125550102\r\n", id="crlf-and-blank-lines"),
        pytest.param("2125550101\r2125550102\r", id="cr-alone"),
        pytest.param("(212) 555-0101\n+1 212 555 0102\n", id="as-people-write-them"),
        pytest.param('"2125550101"\n"2125550102"\n', id="quoted"),
        pytest.param("2125550101,\n2125550102,,\n", id="empty-columns-at-the-end"),
        pytest.param("212,5550101\n212,5550102\n", id="as-the-national-registry"),
        pytest.param("phone_number\n2125550101\n2125550102\n", id="header"),
        pytest.param("Name,Phone Number\nAnn,2125550101\nBob,2125550102\n", id="header-as-people-write-it"),
        pytest.param('name;number\n"Ann; B.";2125550101\nBob;2125550102\n', id="semicolons-in-quotes"),
        pytest.param("number\tname, first\n2125550101\tAnn\n2125550102\tBob\n", id="tabs-with-commas-in-a-name"),
        pytest.param("name|phone\nAnn|2125550101\nBob|2125550102\n", id="bars"),
        pytest.param("number,phone,phone_number\n1,2,2125550101\n3,4,2125550102\n", id="the-plainest-name-wins"),
        pytest.param("\ufeffphone\n2125550101\n2125550102\n", id="byte-order-mark"),
    ],
)
@pytest.mark.parametrize("size", [1, 3, 10_000])
async def test_every_usual_file_gives_its_numbers(body: str, size: int) -> None:
    assert [line.text for line in await lines(body.encode(), size)] == [
        line.text for line in await lines(body.encode())
    ]
    assert await numbers(body.encode()) == ([ONE, TWO], [])


@pytest.mark.parametrize("mark", [codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE])
async def test_a_spreadsheets_unicode_text_is_read(mark: bytes) -> None:
    encoding = "utf-16-le" if mark == codecs.BOM_UTF16_LE else "utf-16-be"
    body = mark + "name\tphone\r\nÄnne\t2125550101\r\nBob\t2125550102\r\n".encode(encoding)
    assert await numbers(body) == ([ONE, TWO], [])


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(b"nobody", id="no-number"),
        pytest.param(b"911", id="emergency"),
        pytest.param(b'"nobody', id="quote-that-is-never-closed"),
        pytest.param(b"2125550199 ext 4", id="extension"),
        pytest.param(b"2125550199,Ann,Chicago", id="columns-without-names"),
        pytest.param(b"\xff\x00\xfe", id="no-text"),
        pytest.param(b"2" * (LONGEST_LINE + 50_000), id="endless"),
        pytest.param(b"1.21255E+10", id="as-spreadsheets-spoil-them"),
    ],
)
async def test_a_bad_line_costs_only_itself(bad: bytes) -> None:
    valid, rejected = await numbers(b"2125550101\n\n" + bad + b"\n2125550102\n")
    assert (valid, rejected) == ([ONE, TWO], [3])


async def test_a_quote_that_is_never_closed_keeps_its_number_and_the_next_lines() -> None:
    assert await numbers(b'2125550101\n"2125550102\n2125550103\n') == ([ONE, TWO, "+12125550103"], [])


async def test_a_number_that_stands_twice_is_read_once() -> None:
    assert await numbers(b"2125550101\n+12125550101\n") == ([ONE], [])


async def test_lines_are_counted_as_an_editor_does() -> None:
    assert [line.number for line in await lines(b"\n\na\r\n\r\nb\rc")] == [3, 5, 6]


@pytest.mark.parametrize("body", [b"", b"\n", b"2", b"\xef\xbb\xbf"])
async def test_the_shortest_files_are_read_too(body: bytes) -> None:
    assert [line.text for line in await lines(body)] == ([body.decode()] if body == b"2" else [])


def test_of_columns_without_a_known_name_nobody_guesses_one() -> None:
    with pytest.raises(UnknownLayout, match="phone_number, phone or number"):
        layout_of("name,mobile,city")


def test_a_line_that_ends_before_its_number_is_rejected() -> None:
    layout, _ = layout_of("name,phone")
    read = read_numbers(layout, [Line(2, "Ann"), Line(3, "Bob,")])
    assert [rejection.line for rejection in read.rejected] == [2, 3]
