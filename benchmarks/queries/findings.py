"""How soon each question was answered, beside the goal."""

from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.queries.scale import CALLS_OF_A_LEAD
from benchmarks.report import Line, Report
from benchmarks.spread import Spread, in_words

MOST_SECONDS = 0.050
"""For figures, and for leads of whom a part of the name or number is known."""

MOST_SECONDS_AT_ONCE = 0.010
AT_ONCE = frozenset({"lead by id", "page of leads", "page of calls", "calls going on"})
"""What every page and every program asks for all the time."""


@dataclass(frozen=True, slots=True)
class Findings:
    """``filled_seconds``: until all leads and calls were stored and counted; ``floor``: an answer without any query."""

    leads: int
    filled_seconds: float
    floor: Spread
    answers: Mapping[str, Spread]


def report(found: Findings) -> Report:
    """The findings as they are shown."""
    floor = f"p99 {_ms(found.floor.p99)} for /healthz"
    lines = [_line(name, one, floor) for name, one in found.answers.items()]
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


def _line(name: str, answers: Spread, floor: str) -> Line:
    most = MOST_SECONDS_AT_ONCE if name in AT_ONCE else MOST_SECONDS
    return Line(
        what=name,
        measured=f"p50 {_ms(answers.p50)}, p99 {_ms(answers.p99)}",
        beside=floor,
        goal=f"p99 at most {most * 1000:.0f} ms",
        met=answers.p99 <= most,
    )


def _ms(seconds: float) -> str:
    """With a decimal: single milliseconds are compared."""
    return f"{seconds * 1000:.1f} ms"
