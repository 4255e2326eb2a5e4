"""Files of phone numbers, line by line, however they are encoded, delimited and cut into chunks."""

import codecs
import csv
import io
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from domain.phone_numbers import InvalidPhoneNumber, to_e164

LONGEST_LINE = 10_000
"""Characters. What is longer is no line of numbers, and would have to be held in memory."""

COLUMNS = ("phone_number", "phone", "number")
DELIMITERS = ",;\t|"

_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# The national registry's files have the area code and the rest of the number in two columns without names.
_AREA_CODE, _REST = re.compile(r"[2-9][0-9]{2}"), re.compile(r"[2-9][0-9]{2}-?[0-9]{4}")


class UnknownLayout(ValueError):  # noqa: N818 - says what happened, as in the house's other error trees
    """Nobody can tell which column has the numbers; the text is a sentence for whoever sent the file."""


class Line(NamedTuple):
    """``number`` counts from 1, blank lines too."""

    number: int
    text: str


class Rejection(NamedTuple):
    """Why the number of a line can't be used. The reason may quote the number: it is for whoever sent it."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Layout:
    """``column``: the place of the numbers, counted from 0; None where the columns have no names."""

    delimiter: str
    column: int | None

    def written_number(self, text: str) -> str:
        """What stands in a line where its number should be.

        Raises:
            InvalidPhoneNumber: the line has no such place.
        """
        if len(text) > LONGEST_LINE:
            raise InvalidPhoneNumber(f"The line has more than {LONGEST_LINE} characters.")
        fields = _fields(text, self.delimiter)
        if self.column is None:
            return _only_number(fields)
        if self.column >= len(fields):
            raise InvalidPhoneNumber(f"The line has {len(fields)} columns; the number belongs in {self.column + 1}.")
        return fields[self.column]


@dataclass(frozen=True, slots=True)
class Numbers:
    """What a few lines hold: numbers (E.164, each once), and the lines that hold none."""

    valid: Sequence[str]
    rejected: Sequence[Rejection]


def layout_of(first_line: str) -> tuple[Layout, bool]:
    """How the lines of a file are to be read, and whether this first one has the names of the columns.

    Raises:
        UnknownLayout: there are several columns, and none has a name that is known.
    """
    for delimiter in DELIMITERS:
        names = [_column_name(field) for field in _fields(first_line[:LONGEST_LINE], delimiter)]
        for wanted in COLUMNS:
            if wanted in names:
                return Layout(delimiter, names.index(wanted)), True
    delimiter = max(DELIMITERS, key=first_line.count)
    fields = _fields(first_line[:LONGEST_LINE], delimiter)
    if len(fields) > 1 and not _is_split_number(fields):
        raise UnknownLayout(
            "The first line has several columns and none is called phone_number, phone or number;"
            " name the columns, or send one number a line."
        )
    return Layout(delimiter, None), False


def read_numbers(layout: Layout, lines: Sequence[Line]) -> Numbers:
    """The numbers of these lines; a bad one costs only itself. Takes about 50 µs of computing a line."""
    valid: dict[str, None] = {}
    rejected = []
    for line in lines:
        try:
            valid[to_e164(layout.written_number(line.text))] = None
        except InvalidPhoneNumber as error:
            rejected.append(Rejection(line.number, str(error)))
    return Numbers(list(valid), rejected)


async def lines_of(chunks: AsyncIterator[bytes]) -> AsyncIterator[Line]:
    """The lines that aren't blank, of text in UTF-8 or (with its mark) UTF-16, ended in any of the three ways."""
    cutter = _LineCutter()
    number = 0
    async for chunk in chunks:
        for text in cutter.cut(chunk):
            number += 1
            if text.strip():
                yield Line(number, text)
    last = cutter.rest()
    if last.strip():
        yield Line(number + 1, last)


class _LineCutter:
    """Holds what isn't yet a whole line, and no more of it than makes it too long."""

    def __init__(self) -> None:
        self._head = b""
        self._decoder: io.IncrementalNewlineDecoder | None = None
        self._begun = ""

    def cut(self, chunk: bytes) -> list[str]:
        """The lines that end in this chunk."""
        if self._decoder is None:
            self._head += chunk
            if len(self._head) < len(codecs.BOM_UTF16_LE):
                return []
            self._decoder, chunk = _decoder(self._head), self._head
        lines = (self._begun + self._decoder.decode(chunk)).split("\n")
        self._begun = lines.pop()[: LONGEST_LINE + 1]
        return lines

    def rest(self) -> str:
        """What came after the last end of a line."""
        decoder = self._decoder
        return self._begun + (_decoder(b"").decode(self._head, True) if decoder is None else decoder.decode(b"", True))


def _decoder(head: bytes) -> io.IncrementalNewlineDecoder:
    # A byte that is no text spoils at most its own line: names in an old encoding are nobody's business here.
    encoding = "utf-16" if head.startswith(_UTF_16) else "utf-8-sig"
    return io.IncrementalNewlineDecoder(codecs.getincrementaldecoder(encoding)("replace"), translate=True)


def _fields(text: str, delimiter: str) -> list[str]:
    """The fields of one line, without empty ones at its end.

    Each line is parsed by itself: a quote that is never closed would else swallow the lines after it.
    """
    fields = next(csv.reader([text], delimiter=delimiter, skipinitialspace=True), [])
    while len(fields) > 1 and not fields[-1].strip():
        fields.pop()
    return fields


def _column_name(field: str) -> str:
    return re.sub(r"[\s_-]+", "_", field.strip().lower())


def _only_number(fields: Sequence[str]) -> str:
    if _is_split_number(fields):
        return "".join(fields)
    if len(fields) > 1:
        raise InvalidPhoneNumber("The line has several columns, and the file doesn't name them.")
    return fields[0]


def _is_split_number(fields: Sequence[str]) -> bool:
    return len(fields) == 2 and bool(_AREA_CODE.fullmatch(fields[0]) and _REST.fullmatch(fields[1].strip()))
