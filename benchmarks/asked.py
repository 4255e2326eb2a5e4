"""What the person at the terminal asked for."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Asked:
    """``leads`` and ``poll_seconds`` are for trying a benchmark out: what it measures then means nothing."""

    short: bool = False
    leads: int | None = None
    poll_seconds: float | None = None
