"""How many calls report, and how fast."""

from dataclasses import dataclass, replace

from benchmarks.asked import Asked

PER_SECOND = 200
CONNECTIONS = 64

# call_started, four times the running transcript, call_ended, call_analyzed.
TRANSCRIPTS = 4
WEBHOOKS_A_CALL = 3 + TRANSCRIPTS
KEPT_A_CALL = 3  # a running transcript is replaced by the one after it and stands with its attempt only

# Calls whose webhooks come before the clock runs: connections are opened, statements are prepared.
WARM_UP = 20


@dataclass(frozen=True, slots=True)
class Scale:
    """In each round ``even_calls`` report at an even pace, and ``rush_calls`` as fast as they are answered.

    ``heard_calls`` report at the even pace while somebody listens to the live stream.
    """

    rounds: int
    even_calls: int
    rush_calls: int
    heard_calls: int

    @property
    def calls(self) -> int:
        """How many phone numbers it takes for nobody to be called twice."""
        return WARM_UP + self.rounds * (self.even_calls + self.rush_calls + self.heard_calls)


FULL = Scale(rounds=2, even_calls=860, rush_calls=430, heard_calls=286)
SHORT = Scale(rounds=1, even_calls=143, rush_calls=100, heard_calls=100)


def chosen(asked: Asked) -> Scale:
    """The scale that was asked for."""
    scale = SHORT if asked.short else FULL
    if asked.leads is None:
        return scale
    return replace(scale, even_calls=asked.leads, rush_calls=asked.leads, heard_calls=asked.leads)
