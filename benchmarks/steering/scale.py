"""How much is measured, and how the calls go."""

from dataclasses import dataclass, replace

from benchmarks.asked import Asked

# Few calls, and enough of them that a dial which comes too late would show.
LIVE_CALLS = 10
RING_SECONDS = 0.2
TALK_SECONDS = 1.0
ANALYSIS_SECONDS = 0.2

# How long a campaign calls before it is steered, and how long nobody must be called after it was stopped.
CALLS_SECONDS = 3.0
QUIET_SECONDS = 6.0

# What the API can't hand over to the engine within two seconds it leaves to the reconciliation, which takes its time.
BATCH = 25

# Enough of them that the first answer's time doesn't count for all.
RIVALS_SHARE = 50
LEAST_RIVALS_LEADS = 200


@dataclass(frozen=True, slots=True)
class Scale:
    """``leads`` wait in one campaign; a fiftieth of them, or 200, is steered the rival's way."""

    leads: int

    @property
    def rivals_leads(self) -> int:
        return min(self.leads, max(LEAST_RIVALS_LEADS, self.leads // RIVALS_SHARE))


FULL = Scale(leads=50_000)
SHORT = Scale(leads=2_000)


def chosen(asked: Asked) -> Scale:
    """The scale that was asked for."""
    scale = SHORT if asked.short else FULL
    return scale if asked.leads is None else replace(scale, leads=asked.leads)
