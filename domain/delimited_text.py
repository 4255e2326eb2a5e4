"""Tables in delimited text (CSV), in pieces of any size: records as a spreadsheet would show them.

A record goes over several lines where a quoted field does. A quote that is never closed would swallow every line after
it, so it costs its own line only, and reading goes on with the next.

Source: RFC 4180; Python's ``csv`` for what people and programs really write.
"""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

DELIMITERS = ",;\t|"

LONGEST_RECORD = 100_000
"""Characters. Quotes that aren't closed within them are taken for a mistake; below the limit of ``csv`` for a field."""

_SAMPLE_RECORDS = 20
_NAMED_DELIMITER = re.compile(r'"?sep=(.)"?', re.IGNORECASE)

_TOO_LONG = f"This row has more than {LONGEST_RECORD:,} characters."
_UNCLOSED = "A quotation mark opens a cell in this row and none closes it."


class Record(NamedTuple):
    """``number`` is the row's as a spreadsheet shows it, counted from 1, blank ones too.

    ``problem``: why it can't be read; ``cells`` are what it looks like then.
    """

    number: int
    cells: Sequence[str]
    problem: str | None = None

    @property
    def is_blank(self) -> bool:
        return self.problem is None and not any(cell.strip() for cell in self.cells)


class _MoreNeeded(Exception):  # noqa: N818 - says what happened
    """The record goes on in what hasn't come yet."""


class _Unclosed(Exception):  # noqa: N818 - says what happened
    """The record would swallow more than a record can be."""


class RecordCutter:
    """Cuts text into records. Memory: the piece, and no more of what isn't a whole record than it may have."""

    def __init__(self, delimiter: str) -> None:
        self._delimiter = delimiter
        self._lines: list[str] = []
        self._next = 0
        self._rest = ""
        self._number = 0
        self._is_first_line = True

    def cut(self, text: str, *, is_last: bool = False) -> list[Record]:
        """The records that end in this piece of text; with ``is_last``, those that are left too."""
        self._take(text, is_last=is_last)
        records = []
        while self._next < len(self._lines):
            try:
                records.append(self._record(is_last=is_last))
            except _MoreNeeded:
                break
        del self._lines[: self._next]
        self._next = 0
        return records

    def _take(self, text: str, *, is_last: bool) -> None:
        """Note the lines that are whole; their ends, of all three kinds, may be part of a cell."""
        lines = list(io.StringIO(self._rest + text, newline=""))
        self._rest = ""
        # A line feed may follow the carriage return at the end of this piece.
        if lines and not is_last and not lines[-1].endswith("\n"):
            self._rest = _bounded(lines.pop())
        if self._is_first_line and lines:
            self._is_first_line = False
            if named_delimiter(lines[0]) is not None:
                lines.pop(0)
        self._lines += lines

    def _record(self, *, is_last: bool) -> Record:
        begun = self._next
        try:
            cells = self._read(is_last=is_last)
            problem = None
        except _Unclosed:
            self._next = begun + 1
            cells, problem = [self._lines[begun].rstrip("\r\n")[:LONGEST_RECORD]], _UNCLOSED
        if problem is None and any(len(cell) > LONGEST_RECORD for cell in cells):
            cells, problem = [cell[:LONGEST_RECORD] for cell in cells], _TOO_LONG
        self._number += 1
        return Record(self._number, cells, problem)

    def _read(self, *, is_last: bool) -> list[str]:
        begun = self._next
        if len(self._lines[begun]) > LONGEST_RECORD:
            self._next += 1
            return [self._lines[begun]]
        try:
            cells: list[str] = next(self._reader(self._source(is_last=is_last)), [])
            if self._next > begun + 1:
                # Over several lines, what the lenient reading makes of a stray quote is hardly what was meant.
                next(self._reader(self._lines[begun : self._next], strict=True))
        except csv.Error:
            raise _Unclosed from None
        except _MoreNeeded:
            self._next = begun
            raise
        return cells

    def _source(self, *, is_last: bool) -> Iterator[str]:
        """The lines of one record, as many as its reader asks for."""
        begun, size = self._next, 0
        while self._next < len(self._lines):
            line = self._lines[self._next]
            size += len(line)
            if size > LONGEST_RECORD and self._next > begun:
                raise _Unclosed
            self._next += 1
            yield line
        if is_last:
            raise _Unclosed
        raise _MoreNeeded

    def _reader(self, lines: Iterable[str], *, strict: bool = False) -> Iterator[list[str]]:
        return csv.reader(lines, delimiter=self._delimiter, skipinitialspace=True, strict=strict)


def named_delimiter(first_line: str) -> str | None:
    """The delimiter that a first line such as ``sep=;`` names, as Excel reads it."""
    named = _NAMED_DELIMITER.fullmatch(first_line.strip("\ufeff \r\n"))
    return named[1] if named else None


def delimiter_of(sample: str, is_sought: Callable[[str], bool]) -> str:
    """What most probably stands between the cells.

    Args:
        sample: The beginning of the text.
        is_sought: Whether a column of this name is one that the table must have.
    """
    lines = sample.splitlines()
    named = named_delimiter(lines[0]) if lines else None
    return named or max(DELIMITERS, key=lambda delimiter: _likeness(sample, delimiter, is_sought))


def _likeness(sample: str, delimiter: str, is_sought: Callable[[str], bool]) -> tuple[bool, float, int]:
    """A header with the name that is sought, rows as long as it, many columns; in this order."""
    records = [record for record in RecordCutter(delimiter).cut(sample) if not record.is_blank][:_SAMPLE_RECORDS]
    if not records:
        records = [record for record in RecordCutter(delimiter).cut(sample, is_last=True) if not record.is_blank][:1]
    if not records:
        return (False, 0.0, 0)
    header, *rows = [record.cells for record in records]
    alike = sum(len(row) == len(header) for row in rows) / len(rows) if rows else 1.0
    return (any(map(is_sought, header)), alike, len(header))


def _bounded(begun: str) -> str:
    """What is longer than a record is refused when its line ends; until then it needn't be held."""
    return begun if len(begun) <= LONGEST_RECORD else begun[: LONGEST_RECORD + 1]
