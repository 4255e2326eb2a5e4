"""What the webhooks came to: figures, and how they stand beside their goals."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from benchmarks.report import Line, Report
from benchmarks.spread import Spread
from benchmarks.webhook.order import Sent
from benchmarks.webhook.scale import CONNECTIONS, PER_SECOND

MOST_P99_SECONDS = 0.015
MOST_TIMES_BARE = 3.0
LEAST_SHARE = 0.6
MOST_HEARD_SECONDS = 0.3
MOST_FORGED_SECONDS = 0.005


@dataclass(frozen=True, slots=True)
class Round:
    """The same webhooks on each side, at an even pace and in a rush, one side after the other.

    ``heard``: how late, in seconds, words came to somebody who listened to the live stream at the even pace.
    ``forged``: webhooks with a signature by another key, at the even pace and with nothing beside them.
    """

    even_bare: Sent
    even_whole: Sent
    rush_bare: Sent
    rush_whole: Sent
    heard: Sequence[float]
    forged: Sent


@dataclass(frozen=True, slots=True)
class Even:
    """Both sides at the even pace, over all rounds."""

    bare: Spread
    whole: Spread

    @classmethod
    def of(cls, rounds: Sequence[Round]) -> Self:
        bare = [seconds for one in rounds for seconds in one.even_bare.latencies]
        return cls(Spread.of(bare), Spread.of([seconds for one in rounds for seconds in one.even_whole.latencies]))

    @property
    def times_bare(self) -> float:
        return self.whole.p99 / self.bare.p99


@dataclass(frozen=True, slots=True)
class Rush:
    """Answered a second on both sides as fast as it went, over all rounds."""

    bare: float
    whole: float

    @classmethod
    def of(cls, rounds: Sequence[Round]) -> Self:
        return cls(_per_second([one.rush_bare for one in rounds]), _per_second([one.rush_whole for one in rounds]))

    @property
    def share(self) -> float:
        """Of the bare route's throughput that is left with everything around it."""
        return self.whole / self.bare


@dataclass(frozen=True, slots=True)
class Findings:
    """``kept``: how many webhooks of the real system were found in its database afterwards."""

    rounds: Sequence[Round]
    kept: int


def report(found: Findings) -> Report:
    """The findings as they are shown."""
    even, rush = Even.of(found.rounds), Rush.of(found.rounds)
    heard = Spread.of([seconds for one in found.rounds for seconds in one.heard])
    forged = Spread.of([seconds for one in found.rounds for seconds in one.forged.latencies])
    return Report(
        name="webhook",
        lines=[
            _even_line(even),
            _rush_line(rush),
            _soon_line("Live within, p99", heard, MOST_HEARD_SECONDS),
            _soon_line("Forged refused, p99", forged, MOST_FORGED_SECONDS),
        ],
        notes=_notes(found, even),
        figures={
            "rounds": [_round_figures(one) for one in found.rounds],
            "even": {"bare": even.bare.to_json(), "whole": even.whole.to_json(), "times_bare": even.times_bare},
            "rush": {"bare_per_second": rush.bare, "whole_per_second": rush.whole, "share": rush.share},
            "heard": heard.to_json(),
            "forged": forged.to_json(),
            "kept": found.kept,
        },
    )


def even_in_words(bare: Sent, whole: Sent) -> str:
    """One round at the even pace."""
    return _even_in_words(Even(Spread.of(bare.latencies), Spread.of(whole.latencies)))


def rush_in_words(bare: Sent, whole: Sent) -> str:
    """One round of the rush."""
    share = whole.per_second / bare.per_second
    return f"in a rush: bare {bare.per_second:.0f} a second, whole {whole.per_second:.0f}, share {share:.2f}"


def heard_in_words(lateness: Sequence[float]) -> str:
    """How late the words of one round were."""
    return f"words in the live stream after {_in_words(Spread.of(lateness))}"


def forged_in_words(forged: Sent) -> str:
    """How soon the forgeries of one round were refused."""
    return f"forged ones refused after {_in_words(Spread.of(forged.latencies))}"


def _even_in_words(even: Even) -> str:
    return f"at {PER_SECOND} a second: bare {_in_words(even.bare)}; whole {_in_words(even.whole)}"


def _even_line(even: Even) -> Line:
    return Line(
        what=f"p99 at {PER_SECOND}/s",
        measured=_ms(even.whole.p99),
        beside=f"{even.times_bare:.1f} times {_ms(even.bare.p99)} bare",
        goal=f"at most {MOST_P99_SECONDS * 1000:.0f} ms and {MOST_TIMES_BARE:g} times",
        met=even.whole.p99 <= MOST_P99_SECONDS and even.times_bare <= MOST_TIMES_BARE,
    )


def _rush_line(rush: Rush) -> Line:
    return Line(
        what=f"Webhooks/s over {CONNECTIONS} connections",
        measured=f"{rush.whole:.0f}",
        beside=f"{rush.share:.2f} of {rush.bare:.0f} bare",
        goal=f"at least {LEAST_SHARE}",
        met=rush.share >= LEAST_SHARE,
    )


def _soon_line(what: str, measured: Spread, most_seconds: float) -> Line:
    return Line(
        what=what,
        measured=_ms(measured.p99),
        beside=f"p50 {_ms(measured.p50)}",
        goal=f"at most {most_seconds * 1000:.0f} ms",
        met=measured.p99 <= most_seconds,
    )


def _notes(found: Findings, even: Even) -> list[str]:
    return [
        *(note for number, one in enumerate(found.rounds, start=1) for note in _round_notes(number, one)),
        *([f"Over all rounds, {_even_in_words(even)}."] if len(found.rounds) > 1 else []),
        _sent_note(found.rounds),
        f"{found.kept} are kept, all but the running transcripts, and all calls have their end and their analysis.",
        _generator_note(found.rounds),
        "What follows from webhooks (workflows told, their next steps, recordings) goes on while the next are taken.",
    ]


def _round_notes(number: int, one: Round) -> list[str]:
    evenly = even_in_words(one.even_bare, one.even_whole)
    return [
        f"Round {number}, {evenly}.",
        f"Round {number}, {rush_in_words(one.rush_bare, one.rush_whole)}.",
        f"Round {number}, {heard_in_words(one.heard)}; {forged_in_words(one.forged)}.",
    ]


def _sent_note(rounds: Sequence[Round]) -> str:
    sent = [one for each in rounds for one in (each.even_whole, each.rush_whole)]
    webhooks = sum(len(one.latencies) for one in sent)
    kilobytes = sum(one.body_bytes for one in sent) / webhooks / 1000
    return f"{webhooks} webhooks on each side, {kilobytes:.1f} kB on average, all answered 204."


def _generator_note(rounds: Sequence[Round]) -> str:
    lags = Spread.of([lag for one in rounds for sent in (one.even_bare, one.even_whole) for lag in sent.lags])
    bare, whole = _cores([one.rush_bare for one in rounds]), _cores([one.rush_whole for one in rounds])
    return (
        f"The generator: late by p50 {_ms(lags.p50)}, p99 {_ms(lags.p99)} at the even pace, which is part of the"
        f" latencies; in the rush it took {bare:.2f} of a core beside the bare route and {whole:.2f} beside ours."
    )


def _round_figures(one: Round) -> dict[str, Any]:
    return {
        "even_bare": Spread.of(one.even_bare.latencies).to_json(),
        "even_whole": Spread.of(one.even_whole.latencies).to_json(),
        "lag_bare": Spread.of(one.even_bare.lags).to_json(),
        "lag_whole": Spread.of(one.even_whole.lags).to_json(),
        "rush_bare_per_second": one.rush_bare.per_second,
        "rush_whole_per_second": one.rush_whole.per_second,
        "rush_bare": Spread.of(one.rush_bare.latencies).to_json(),
        "rush_whole": Spread.of(one.rush_whole.latencies).to_json(),
        "heard": Spread.of(one.heard).to_json(),
        "forged": Spread.of(one.forged.latencies).to_json(),
    }


def _per_second(all_sent: Sequence[Sent]) -> float:
    return sum(len(sent.latencies) for sent in all_sent) / sum(sent.seconds for sent in all_sent)


def _cores(all_sent: Sequence[Sent]) -> float:
    return sum(sent.cpu_seconds for sent in all_sent) / sum(sent.seconds for sent in all_sent)


def _in_words(spread: Spread) -> str:
    return f"p50 {_ms(spread.p50)}, p99 {_ms(spread.p99)}, worst {_ms(spread.worst)}"


def _ms(seconds: float) -> str:
    """With a decimal, also where there are many: what is compared here are single milliseconds."""
    return f"{seconds * 1000:.1f} ms"
