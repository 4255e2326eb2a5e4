"""How much is measured, and how the calls go."""

from dataclasses import dataclass, replace

from benchmarks.asked import Asked

LIVES_AT_ONCE = 60
LEADS_PER_SECOND = 10

# Lives on each side before the clock runs, two for each slot: connections are opened, code is loaded, statements are
# prepared on every connection.
WARM_UP = 120

# The same in the simulator and in the bare shape, so that both hear the same signals at the same distances.
RING_SECONDS = 0.3
TALK_SECONDS = 1.0
ANALYSIS_SECONDS = 0.3

TRANSCRIPT_UPDATES = 4
"""Running transcripts of a talkative call: webhooks besides the three that its workflow hears of."""


@dataclass(frozen=True, slots=True)
class Scale:
    """``leads`` is for each side of each round, ours twice: with what the goal names, and with running transcripts
    and a recording besides.

    ``spread_leads`` come in one after the other.
    """

    rounds: int
    leads: int
    spread_leads: int
    polls: int
    poll_seconds: float

    @property
    def polled_leads(self) -> int:
        """How many come due while the cron job runs."""
        return max(2, round(self.polls * self.poll_seconds * LEADS_PER_SECOND))

    @property
    def calls(self) -> int:
        """How many phone numbers it takes for nobody to be called twice."""
        return WARM_UP + 2 * self.rounds * self.leads + self.spread_leads + self.polled_leads


FULL = Scale(rounds=2, leads=400, spread_leads=60 * LEADS_PER_SECOND, polls=2, poll_seconds=60.0)
SHORT = Scale(rounds=1, leads=120, spread_leads=15 * LEADS_PER_SECOND, polls=1, poll_seconds=60.0)


def chosen(asked: Asked) -> Scale:
    """The scale that was asked for."""
    scale = SHORT if asked.short else FULL
    if asked.leads is not None:
        scale = replace(scale, leads=asked.leads, spread_leads=asked.leads)
    if asked.poll_seconds is not None:
        scale = replace(scale, poll_seconds=asked.poll_seconds)
    return scale
