"""How far somebody has read what changes about calls.

Transactions commit in another order than they begin, so no number says "everything up to here". A snapshot of
PostgreSQL does: it knows which transactions were over and which were not. Whoever reads on asks for the events of those
that were not.

Source: PostgreSQL 18, 9.28.7, transaction ID and snapshot information functions.
"""

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

LONGEST_WRITING = 4_000
"""A longer writing goes back to what was over by all means: some events come twice then, and none is lost."""

_WRITTEN = re.compile(r"(\d{1,12})-(\d{1,19}):(\d{1,19}):((?:\d{1,19}(?:,\d{1,19})*)?)", re.ASCII)
_HIGHEST = 2**63 - 1


class UnknownCursor(ValueError):  # noqa: N818 - says what happened, as in the house's other error trees
    """This isn't the id of an event that was sent from here: begin anew."""


@dataclass(frozen=True, slots=True)
class LiveCursor:
    """``taken_at``: seconds since 1970, by the database's clock. ``open``: transactions below ``end`` not yet over.

    All below ``begin`` were over, and none from ``end`` on.
    """

    taken_at: int
    begin: int
    end: int
    open: tuple[int, ...]

    @classmethod
    def of(cls, taken_at: int, snapshot: str) -> Self:
        """From PostgreSQL's own writing of a snapshot."""
        begin, end, unfinished = snapshot.split(":")
        return cls(taken_at, int(begin), int(end), tuple(int(one) for one in unfinished.split(",") if one))

    @property
    def snapshot(self) -> str:
        return f"{self.begin}:{self.end}:{','.join(map(str, self.open))}"

    def written(self) -> str:
        """The text that becomes an event's id; ``read_cursor`` reads it back."""
        text = f"{self.taken_at}-{self.snapshot}"
        return text if len(text) <= LONGEST_WRITING else f"{self.taken_at}-{self.begin}:{self.begin}:"

    def knows_more_than(self, other: "LiveCursor") -> bool:
        """Whether this one was taken later, of two of the same server, and something was committed in between."""
        return (self.end, -len(self.open)) > (other.end, -len(other.open))


def read_cursor(text: str) -> LiveCursor:
    """The cursor that ``LiveCursor.written`` gave.

    Raises:
        UnknownCursor: it was not written here.
    """
    match = _WRITTEN.fullmatch(text) if len(text) <= LONGEST_WRITING else None
    if match is None:
        raise UnknownCursor("The id is not one of this stream's.")
    begin, end = int(match[2]), int(match[3])
    unfinished = tuple(int(one) for one in match[4].split(",") if one)
    if not 0 < begin <= end <= _HIGHEST or not _in_order((begin - 1, *unfinished, end)):
        raise UnknownCursor("The id is not one of this stream's.")
    return LiveCursor(int(match[1]), begin, end, unfinished)


def _in_order(numbers: tuple[int, ...]) -> bool:
    return all(one < following for one, following in pairwise(numbers))
