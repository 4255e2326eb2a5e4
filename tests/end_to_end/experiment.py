"""What the fault experiments have in common: a stack of their own, one part of it to be killed, a verdict."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from runtime.embedded.environments import isolated
from runtime.embedded.part import Say
from runtime.embedded.stack import Stack
from tests.end_to_end.crowd import Crowd, crowd_of
from tests.end_to_end.victim import Victim, Without, victim_of
from tests.end_to_end.witness import Evidence


class Experiment(Protocol):
    """``wrong`` has one sentence for each thing that must not have happened."""

    victim_name: str
    wrong: list[str]

    async def run(self, crowd: Crowd, victim: Victim) -> None:
        """Do all of it. ``victim`` has not been started; it is ended by the caller."""

    def figures(self) -> Mapping[str, str]:
        """What was found, also by a run that was cut short."""


class Trial:
    """One experiment on one stack, which is removed when it is stopped."""

    def __init__(self, experiment: Experiment, home: Path, environ: Mapping[str, str], say: Say) -> None:
        self._experiment = experiment
        self._without = Without(experiment.victim_name)
        self.stack = Stack(
            home,
            isolated(environ) | {"LEADLINE_RATE_LIMIT": "off"},
            say=say,
            private_ports=True,
            throwaway=True,
            compose=self._without,
        )

    async def run(self) -> bool:
        """Run the experiment on the started stack; True when it came to its end."""
        victim = victim_of(self._without, self.stack.plan)
        try:
            async with crowd_of(self.stack.plan) as crowd:
                await self._experiment.run(crowd, victim)
        finally:
            await victim.stop()
        return True


def of_the_calls(evidence: Evidence) -> Mapping[str, str]:
    """The figures that every experiment with calls has."""
    return {
        "attempts": str(len(evidence.attempts)),
        "calls": f"{len(evidence.calls)}, {evidence.most_live} live at once at most",
        "repeats under a key": str(evidence.repeats),
        "doubles": str(len(evidence.doubles)),
    }


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest of the values that so many percent of them don't exceed; 0 where there are none."""
    return sorted(values)[max(0, math.ceil(len(values) * percent / 100) - 1)] if values else 0.0


def in_seconds(values: Sequence[float]) -> str:
    if not values:
        return "none"
    return f"p50 {percentile(values, 50):.1f} s, p99 {percentile(values, 99):.1f} s, most {max(values):.1f} s"
