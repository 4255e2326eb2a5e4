"""How often somebody may ask, and how a sliding period is counted in sixtieths."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

TICKS = 60
"""Parts of a period. What was asked is forgotten a part at a time, never before its period is over."""

SECONDS = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400}
HIGHEST = 9_999_999

_WRITTEN = re.compile(rf"([1-9]\d{{0,6}})/({'|'.join(SECONDS)})")


@dataclass(frozen=True, slots=True)
class Rate:
    """At most ``requests`` in any ``seconds``."""

    requests: int
    seconds: int

    @property
    def tick_seconds(self) -> float:
        return self.seconds / TICKS


def read_rate(written: str) -> Rate:
    """Such as ``100/minute``; a second, a minute, an hour or a day.

    Raises:
        ValueError: it is no such rate; the text says what one looks like.
    """
    found = _WRITTEN.fullmatch(written.strip().lower())
    if found is None:
        raise ValueError(f"Give a rate such as 100/minute (per second, minute, hour or day; {HIGHEST} at most).")
    return Rate(int(found[1]), SECONDS[found[2]])


@dataclass(frozen=True, slots=True)
class Asked:
    """How much of a rate is used up.

    ``counts``: of each tick, the newest last. ``tick``: the number of the newest, counted from the epoch.
    ``now_seconds``: since the epoch.
    """

    rate: Rate
    is_within: bool
    counts: Sequence[int]
    tick: int
    now_seconds: float

    @property
    def remaining(self) -> int:
        return max(0, self.rate.requests - sum(self.counts)) if self.is_within else 0

    @property
    def more_in_seconds(self) -> int:
        """Until the oldest request of the period is forgotten: whole seconds, one at least."""
        oldest = next((place for place, count in enumerate(self.counts) if count), TICKS - 1)
        ends_at = (self.tick - (TICKS - 1) + oldest + TICKS) * self.rate.tick_seconds
        return max(1, math.ceil(ends_at - self.now_seconds))
