"""How soon each question was answered, beside the goal."""

from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.queries.scale import CALLS_OF_A_LEAD
from benchmarks.report import Line, Report
from benchmarks.spread import Spread, in_words

MOST_SECONDS = 0.050


@dataclass(frozen=True, slots=True)
class Findings:
    """``filled_seconds``: until all leads and calls were stored and counted; ``floor``: an answer without any query."""

    leads: int
    filled_seconds: float
    floor: Spread
    answers: Mapping[str, Spread]


def report(found: Findings) -> Report:
    """The findings as they are shown."""
    floor = f"p99 {in_words(found.floor.p99)} for /healthz"
    goal = f"p99 below {in_words(MOST_SECONDS)}"
    lines = [
        Line(name, f"p50 {in_words(one.p50)}, p99 {in_words(one.p99)}", floor, goal, one.p99 < MOST_SECONDS)
        for name, one in found.answers.items()
    ]
    calls, filled = f"{found.leads * CALLS_OF_A_LEAD:,} calls", in_words(found.filled_seconds)
    notes = [
        f"{found.leads:,} leads and {calls}, stored and counted within {filled}.",
        "Over HTTP, one request at a time, with who asks looked up for each.",
    ]
    figures = {
        "leads": found.leads,
        "filled_seconds": found.filled_seconds,
        "floor": found.floor.to_json(),
        **{name: one.to_json() for name, one in found.answers.items()},
    }
    return Report("queries", lines, notes, figures)
