"""What the lives came to: figures, and how they stand beside their goals."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.lives.lateness import Lateness
from benchmarks.lives.scale import LEADS_PER_SECOND, TRANSCRIPT_UPDATES
from benchmarks.lives.system import Webhooks
from benchmarks.report import Line, Report
from benchmarks.spread import Spread, in_words

LEAST_SHARE = 0.6
MOST_P50_SECONDS = 0.15
MOST_P99_SECONDS = 1.0
LEAST_TIMES_BETTER = 100.0

# Measured earlier on such a machine, quiet: not in this run, and so no more than a note.
DBOS_PER_SECOND = 13.6


@dataclass(frozen=True, slots=True)
class Round:
    """So many lives on each side, one side after the other.

    ``whole_seconds``: with the three webhooks of a life. ``talkative_seconds``: with running transcripts besides, and a
    recording.
    """

    lives: int
    bare_seconds: float
    whole_seconds: float
    talkative_seconds: float

    @property
    def bare_per_second(self) -> float:
        return self.lives / self.bare_seconds

    @property
    def whole_per_second(self) -> float:
        return self.lives / self.whole_seconds

    @property
    def talkative_per_second(self) -> float:
        return self.lives / self.talkative_seconds

    @property
    def share(self) -> float:
        """Of the bare shape's rate that is left with everything around it."""
        return self.whole_per_second / self.bare_per_second

    @property
    def talkative_share(self) -> float:
        return self.talkative_per_second / self.bare_per_second

    def to_json(self) -> dict[str, float]:
        rates = ("bare_per_second", "whole_per_second", "share", "talkative_per_second", "talkative_share")
        names = ("lives", *rates)
        return {name: getattr(self, name) for name in names}

    def in_words(self) -> str:
        return (
            f"{self.lives} lives each: bare {self.bare_per_second:.1f} a second, whole {self.whole_per_second:.1f},"
            f" share {self.share:.2f}; with {TRANSCRIPT_UPDATES} running transcripts and a recording"
            f" each {self.talkative_per_second:.1f}, share {self.talkative_share:.2f}"
        )


@dataclass(frozen=True, slots=True)
class Findings:
    """``cron_job`` is how late the rival dialled, in seconds; it ran every ``poll_seconds``."""

    rounds: Sequence[Round]
    lateness: Lateness
    cron_job: Sequence[float]
    poll_seconds: float
    webhooks: Webhooks

    def in_all(self) -> Round:
        """All rounds as one."""
        return Round(
            lives=sum(one.lives for one in self.rounds),
            bare_seconds=sum(one.bare_seconds for one in self.rounds),
            whole_seconds=sum(one.whole_seconds for one in self.rounds),
            talkative_seconds=sum(one.talkative_seconds for one in self.rounds),
        )


def report(found: Findings) -> Report:
    """The findings as they are shown."""
    ours, rival = Spread.of(found.lateness.from_row), Spread.of(found.cron_job)
    since_post = Spread.of(found.lateness.from_post)
    return Report(
        name="lives",
        lines=[_lives_line(found.in_all()), *_lateness_lines(ours, rival)],
        notes=[
            *(f"Round {number}, {one.in_words()}." for number, one in enumerate(found.rounds, start=1)),
            f"Lateness at {LEADS_PER_SECOND} leads a second, from the lead's row: {_spread_in_words(ours)}.",
            f"The same from the POST that brought the lead in: {_spread_in_words(since_post)}.",
            f"The cron job, a run every {found.poll_seconds:g} s: {_spread_in_words(rival)}.",
            f"Webhooks: {found.webhooks.taken} taken, {found.webhooks.sent_again} tries repeated.",
            "Times less late: by p50 or by mean, whichever is less.",
            f"The same life on DBOS, measured earlier and not in this run: {DBOS_PER_SECOND} a second.",
        ],
        figures=_figures(found, ours, since_post, rival),
    )


def _lives_line(all_rounds: Round) -> Line:
    return Line(
        what="Whole lives/s",
        measured=f"{all_rounds.whole_per_second:.1f}",
        beside=f"{all_rounds.share:.2f} of {all_rounds.bare_per_second:.1f} bare",
        goal=f"at least {LEAST_SHARE}",
        met=all_rounds.share >= LEAST_SHARE,
    )


def _lateness_lines(ours: Spread, rival: Spread) -> list[Line]:
    better = min(_times_less_late(ours, rival).values())
    return [
        Line(
            what="Lateness, p50",
            measured=in_words(ours.p50),
            beside=f"cron job {in_words(rival.p50)}",
            goal=f"at most {in_words(MOST_P50_SECONDS)}",
            met=ours.p50 <= MOST_P50_SECONDS,
        ),
        Line(
            what="Lateness, p99",
            measured=in_words(ours.p99),
            beside=f"cron job {in_words(rival.p99)}",
            goal=f"at most {in_words(MOST_P99_SECONDS)}",
            met=ours.p99 <= MOST_P99_SECONDS,
        ),
        Line(
            what="Times less late",
            measured=f"{better:.0f}",
            beside=f"means {in_words(ours.mean)}, {in_words(rival.mean)}",
            goal=f"at least {LEAST_TIMES_BETTER:.0f}",
            met=better >= LEAST_TIMES_BETTER,
        ),
    ]


def _times_less_late(ours: Spread, rival: Spread) -> dict[str, float]:
    return {"p50": rival.p50 / ours.p50, "mean": rival.mean / ours.mean}


def _figures(found: Findings, ours: Spread, since_post: Spread, rival: Spread) -> dict[str, Any]:
    return {
        "rounds": [one.to_json() for one in found.rounds],
        "lives": found.in_all().to_json(),
        "lateness": ours.to_json(),
        "lateness_from_post": since_post.to_json(),
        "cron_job": rival.to_json(),
        "webhooks": asdict(found.webhooks),
        "times_less_late": _times_less_late(ours, rival),
    }


def _spread_in_words(spread: Spread) -> str:
    return (
        f"{spread.count} leads, mean {in_words(spread.mean)}, p50 {in_words(spread.p50)}, p99 {in_words(spread.p99)},"
        f" worst {in_words(spread.worst)}"
    )
