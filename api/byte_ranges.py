"""What part of a file a player asks for. Source: RFC 9110, section 14."""

import re
from dataclasses import dataclass

_ONE_RANGE = re.compile(r"bytes=\s*(\d{0,18})-(\d{0,18})\s*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Span:
    """The bytes from ``start`` to before ``end``."""

    start: int
    end: int

    @property
    def length(self) -> int:
        return self.end - self.start


class OutOfRange(ValueError):  # noqa: N818 - says what happened, not that it is an error
    """Nothing of what is asked for exists."""


def asked_span(header: str | None, size: int) -> Span | None:
    """The part that a ``Range`` header asks for; ``None`` for the whole file.

    Several ranges at once, and what can't be read, are ignored, as the standard allows: the answer is the whole.

    Raises:
        OutOfRange: answer 416.
    """
    found = _ONE_RANGE.fullmatch(header or "")
    if found is None or found[1] == found[2] == "":
        return None
    if found[1] == "":
        start, end = max(size - int(found[2]), 0), size
    else:
        start = int(found[1])
        end = min(int(found[2]) + 1, size) if found[2] else size
        if found[2] and int(found[2]) < start:
            return None
    if start >= size or start >= end:
        raise OutOfRange
    return Span(start, end)
