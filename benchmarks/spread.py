"""How measured durations are spread."""

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Spread:
    """In seconds."""

    count: int
    mean: float
    p50: float
    p99: float
    worst: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Self:
        """Sum measured durations up.

        Raises:
            statistics.StatisticsError: There are fewer than two.
        """
        hundredths = statistics.quantiles(seconds, n=100, method="inclusive")
        return cls(len(seconds), statistics.fmean(seconds), hundredths[49], hundredths[98], max(seconds))

    def to_json(self) -> dict[str, float]:
        return {name if name == "count" else f"{name}_seconds": value for name, value in asdict(self).items()}


def in_words(seconds: float) -> str:
    """A duration for people."""
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"
