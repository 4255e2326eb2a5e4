"""Tables in text, whoever wrote them and however they are cut into pieces."""

import pytest

from domain.delimited_text import LONGEST_RECORD, Record, RecordCutter, delimiter_of
from domain.lead_columns import is_phone_number

UNCLOSED = "A quotation mark opens a cell in this row and none closes it."


def records(text: str, *, delimiter: str = ",", size: int = 1_000_000) -> list[Record]:
    cutter = RecordCutter(delimiter)
    found = [record for start in range(0, len(text), size) for record in cutter.cut(text[start : start + size])]
    return found + cutter.cut("", is_last=True)


def cells(text: str, *, delimiter: str = ",") -> list[list[str]]:
    return [list(record.cells) for record in records(text, delimiter=delimiter)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("a,b\n1,2\n", [["a", "b"], ["1", "2"]], id="lf"),
        pytest.param("a,b\r\n1,2", [["a", "b"], ["1", "2"]], id="crlf-and-no-last-end"),
        pytest.param("a\rb\r", [["a"], ["b"]], id="cr-alone"),
        pytest.param('a,"x\r\ny"\r\n', [["a", "x\r\ny"]], id="an-end-of-line-in-a-cell"),
        pytest.param('"say ""hi""",b\n', [['say "hi"', "b"]], id="doubled-quotes"),
        pytest.param('a, "b, c"\n', [["a", "b, c"]], id="space-before-a-quote"),
        pytest.param('"Bob" Smith,b\n', [["Bob Smith", "b"]], id="a-stray-quote"),
        pytest.param("sep=;\r\na;b\r\n", [["a;b"]], id="named-delimiter-is-no-row"),
        pytest.param("a\n\n\nb\n", [["a"], [], [], ["b"]], id="blank-rows-count"),
        pytest.param("a\u2028b\x0bc,d\n", [["a\u2028b\x0bc", "d"]], id="other-line-ends-are-none"),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 7, 1_000])
def test_every_usual_text_gives_its_rows(text: str, expected: list[list[str]], size: int) -> None:
    assert cells(text) == expected
    assert records(text, size=size) == records(text)


@pytest.mark.parametrize("size", [1, 5, 1_000])
@pytest.mark.parametrize(
    "others",
    [
        pytest.param("c,d\ne,f\n", id="nothing-closes-it"),
        pytest.param('"c",d\ne,f\n', id="the-next-row-seems-to-close-it"),
        pytest.param(f"c,d\ne,f\n{'x,y' * 5}\n" * 8_000, id="more-than-a-row-can-be"),
    ],
)
def test_a_quote_that_is_never_closed_costs_its_own_row_only(others: str, size: int) -> None:
    text = f'a,b\n"open,1\n{others}'
    found = records(text, size=size if len(text) < 1_000 else 50_000)
    assert found[1] == Record(2, ['"open,1'], UNCLOSED)
    assert [record.cells for record in found[2:4]] == [["c", "d"], ["e", "f"]]


def test_a_row_that_is_too_long_is_said_to_be_and_the_next_is_read() -> None:
    found = records(f"a,b\n{'x' * (3 * LONGEST_RECORD)},2\n3,4\n", size=70_000)
    assert found[1].problem == "This row has more than 100,000 characters."
    assert found[2].cells == ["3", "4"]


@pytest.mark.parametrize(
    ("sample", "expected"),
    [
        pytest.param("phone,name\n1,2\n", ",", id="comma"),
        pytest.param("Name;Phone number\nAnn, B.;1\n", ";", id="semicolon"),
        pytest.param("name\tphone\n1\t2\n", "\t", id="tab"),
        pytest.param("name|phone\n1|2\n", "|", id="bar"),
        pytest.param("phone\n1\n", ",", id="one-column"),
        pytest.param("sep=|\nx|y\n", "|", id="named"),
        pytest.param("phone_number,x|phone|y\n1,2\n3,4\n", ",", id="a-name-with-bars"),
        pytest.param("phone;a,b,c\n1;2\n3;4\n", ";", id="a-name-with-commas"),
        pytest.param("", ",", id="nothing"),
    ],
)
def test_the_delimiter_is_the_one_that_makes_a_table(sample: str, expected: str) -> None:
    assert delimiter_of(sample, is_phone_number) == expected
