"""What the bell came to: figures, and how they stand beside their goals."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from benchmarks.opening.busyness import Call, busy_seconds, fairness, most_live
from benchmarks.opening.scale import FILLED_AFTER_SECONDS, LIVE_CALLS, Scale
from benchmarks.report import Line, Report
from benchmarks.spread import Spread, in_words

LEAST_BUSY = 0.95
LEAST_FAIRNESS = 0.95
MOST_SIGNAL_P99_SECONDS = 2.0

# Measured without any spreading: 3,000 timers of one second, each followed by one decision that decides nothing.
UNSPREAD_SIGNAL_P50_SECONDS, UNSPREAD_SIGNAL_P90_SECONDS = 3.5, 15.0


@dataclass(frozen=True, slots=True)
class Findings:
    """``calls`` since the bell; ``campaigns`` are their ids, the largest first; ``asleep_seconds``: till all slept."""

    scale: Scale
    bell: datetime
    campaigns: Sequence[str]
    calls: Sequence[Call]
    signal_delays: Sequence[float]
    asleep_seconds: float

    @property
    def until(self) -> datetime:
        return self.bell + timedelta(seconds=self.scale.seconds)

    @property
    def filled_from(self) -> datetime:
        return self.bell + timedelta(seconds=FILLED_AFTER_SECONDS)

    @property
    def busy(self) -> float:
        """The share of all slot-seconds that calls took, from when the slots should have been full."""
        available = LIVE_CALLS * (self.until - self.filled_from).total_seconds()
        return busy_seconds(self.calls, self.filled_from, self.until) / available

    @property
    def fairness(self) -> float:
        return fairness(self.calls, self.campaigns, self.filled_from, self.until)

    @property
    def most_live(self) -> int:
        return most_live(self.calls)

    @property
    def too_early(self) -> int:
        return sum(call.accepted_at < self.bell for call in self.calls)

    @property
    def first_seconds(self) -> float:
        """From the bell to the first call."""
        return (min(call.accepted_at for call in self.calls) - self.bell).total_seconds()

    @property
    def full_seconds(self) -> float:
        """From the bell until as many calls had begun as there are slots."""
        begun = sorted(call.accepted_at for call in self.calls)
        return (begun[min(LIVE_CALLS, len(begun)) - 1] - self.bell).total_seconds()


def report(found: Findings) -> Report:
    """The findings as they are shown."""
    signals = Spread.of(found.signal_delays)
    return Report("opening", [*_slot_lines(found), _signal_line(signals)], _notes(found), _figures(found, signals))


def _slot_lines(found: Findings) -> list[Line]:
    busy, fair, leads = found.busy, found.fairness, found.scale.sizes()
    return [
        Line("Slots busy", f"{busy:.1%}", f"{LIVE_CALLS} slots", f"at least {LEAST_BUSY:.0%}", busy >= LEAST_BUSY),
        Line("Most live calls", f"{found.most_live}", "", f"at most {LIVE_CALLS}", found.most_live <= LIVE_CALLS),
        Line("Calls before the bell", f"{found.too_early}", f"{len(found.calls)} calls", "0", found.too_early == 0),
        Line("Fairness (Jain)", f"{fair:.3f}", f"leads {leads}", f"at least {LEAST_FAIRNESS}", fair >= LEAST_FAIRNESS),
    ]


def _signal_line(signals: Spread) -> Line:
    goal = f"at most {in_words(MOST_SIGNAL_P99_SECONDS)}"
    is_met = signals.p99 <= MOST_SIGNAL_P99_SECONDS
    return Line("Signal to next step, p99", in_words(signals.p99), f"p50 {in_words(signals.p50)}", goal, is_met)


def _notes(found: Findings) -> list[str]:
    leads, asleep = found.scale.leads, found.asleep_seconds
    first, full = in_words(found.first_seconds), in_words(found.full_seconds)
    p50, p90 = UNSPREAD_SIGNAL_P50_SECONDS, UNSPREAD_SIGNAL_P90_SECONDS
    return [
        f"{leads} leads were asleep after {asleep:.0f} s, {leads / asleep:.0f} a second.",
        f"First call {first} after the bell, {LIVE_CALLS} calls begun after {full}.",
        f"{len(found.calls)} calls within {found.scale.seconds} s.",
        f"Measured earlier, 3,000 timers of one second nothing spread: a signal took p50 {p50} s, p90 {p90:.0f} s.",
    ]


def _figures(found: Findings, signals: Spread) -> dict[str, Any]:
    return {
        "leads": found.scale.leads,
        "busy": found.busy,
        "most_live": found.most_live,
        "too_early": found.too_early,
        "fairness": found.fairness,
        "signal": signals.to_json(),
        "first_call_seconds": found.first_seconds,
        "slots_full_seconds": found.full_seconds,
        "calls": len(found.calls),
        "asleep_seconds": found.asleep_seconds,
    }
