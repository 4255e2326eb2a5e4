"""Newline-delimited JSON, in pieces of any size: one object a line."""

import json
from collections.abc import Mapping
from typing import Any

from domain.delimited_text import Record

LONGEST_LINE = 200_000
"""Characters: the largest lead there is, with everything in it escaped, and some room."""


class JsonLineCutter:
    """Cuts text into lines, each a record with one cell; those that are too long are said to be."""

    def __init__(self) -> None:
        self._rest = ""
        self._number = 0

    def cut(self, text: str, *, is_last: bool = False) -> list[Record]:
        """The lines that end in this piece of text; with ``is_last``, what is left too."""
        lines = (self._rest + text).split("\n")
        self._rest = "" if is_last else lines.pop()[: LONGEST_LINE + 1]
        return [self._record(line) for line in (lines if not is_last or lines[-1] else lines[:-1])]

    def _record(self, line: str) -> Record:
        self._number += 1
        problem = None if len(line) <= LONGEST_LINE else f"This line has more than {LONGEST_LINE:,} characters."
        return Record(self._number, [line.strip()[:LONGEST_LINE]], problem)


def object_of(line: str) -> Mapping[str, Any]:
    """The object of a line.

    Raises:
        ValueError: it is none; the text is a sentence for whoever sent it.
    """
    try:
        written = json.loads(line)
    except (ValueError, RecursionError):
        raise ValueError("This line is not valid JSON.") from None
    if not isinstance(written, dict):
        raise ValueError("This line is no JSON object; give one lead a line, in braces.")
    return written
