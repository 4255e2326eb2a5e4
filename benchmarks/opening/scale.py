"""How many leads wait for the bell, and how the calls go."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from benchmarks.asked import Asked

LIVE_CALLS = 100
CALLS_PER_SECOND = 50
RING_SECONDS = 0.3
TALK_SECONDS = 10.0
ANALYSIS_SECONDS = 0.3

# What each campaign has of all leads: the first comes in first and has by far the most.
SHARES = (0.55, 0.15, 0.15, 0.15)

# Slower than a slow machine starts workflows and lets them decide, so that all leads are asleep before the bell.
ASLEEP_PER_SECOND = 20
PREPARATION = timedelta(seconds=60)

# The slots are filled within this; from then on it counts how busy they are.
FILLED_AFTER_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Scale:
    """``seconds``: how long is watched from the bell on; one signal is sent in each of them."""

    leads: int
    seconds: int

    def sizes(self) -> list[int]:
        """How many leads each campaign has."""
        return [max(1, round(self.leads * share)) for share in SHARES]

    def bell(self, now: datetime) -> datetime:
        """The first full minute at which all leads will be asleep."""
        ready = now + PREPARATION + timedelta(seconds=self.leads / ASLEEP_PER_SECOND)
        return ready.replace(second=0, microsecond=0) + timedelta(minutes=1)


FULL = Scale(leads=10_000, seconds=120)
SHORT = Scale(leads=1_000, seconds=40)


def chosen(asked: Asked) -> Scale:
    """The scale that was asked for."""
    scale = SHORT if asked.short else FULL
    return scale if asked.leads is None else replace(scale, leads=asked.leads)
