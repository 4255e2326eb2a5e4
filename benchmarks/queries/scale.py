"""How much there is to be found, and how often is asked."""

from dataclasses import dataclass, replace

from benchmarks.asked import Asked

CALLS_OF_A_LEAD = 3


@dataclass(frozen=True, slots=True)
class Scale:
    """``leads``: each with three calls; ``rounds``: how often each question is asked, one after the other."""

    leads: int
    rounds: int


FULL = Scale(leads=1_000_000, rounds=300)
SHORT = Scale(leads=100_000, rounds=100)


def chosen(asked: Asked) -> Scale:
    """The scale that was asked for."""
    scale = SHORT if asked.short else FULL
    return scale if asked.leads is None else replace(scale, leads=asked.leads, rounds=20)
