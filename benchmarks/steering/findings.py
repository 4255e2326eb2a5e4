"""What the steering came to: figures, and how they stand beside their goals."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from benchmarks.report import Line, Report
from benchmarks.spread import in_words
from benchmarks.steering.steps import Begun, Ended

MOST_FIRST_DIAL_SECONDS = 1.0
MOST_SHARE_OF_RIVAL = 0.2
MOST_SIGNALS_SHARE = 0.01

# Its slot, and that its call began, ended and was analysed.
SIGNALS_A_CALL = 4


@dataclass(frozen=True, slots=True)
class Findings:
    """``narrowed_seconds``, ``widened_seconds``: from an edit of the windows until no lead waited for a wrong time.

    ``reading_seconds``: how long it takes to read all leads when nothing changes, which is part of both.
    ``rival_seconds``: how long it took ``rivals_leads`` to be signalled and to decide, one by one.
    """

    leads: int
    intake_seconds: float
    reading_seconds: float
    begun: Sequence[Begun]
    ended: Sequence[Ended]
    narrowed_seconds: float
    widened_seconds: float
    calls: int
    signals: int
    rivals_leads: int
    rival_seconds: float

    @property
    def rival_for_all(self) -> float:
        """What the rival would take for all leads, in seconds, if it went on as it began."""
        return self.rival_seconds * self.leads / self.rivals_leads

    @property
    def further_signals(self) -> int:
        """Signals that no call explains."""
        return max(0, self.signals - SIGNALS_A_CALL * self.calls)


def report(found: Findings) -> Report:
    """The findings as they are shown."""
    return Report(
        name="steering",
        lines=[
            *(_begun_line(one) for one in found.begun),
            *(_ended_line(one) for one in found.ended),
            _times_line("Narrowed windows: all times right", found.narrowed_seconds, found),
            _times_line("Reopened windows: all times right", found.widened_seconds, found),
            _signals_line(found),
        ],
        notes=[
            f"{found.leads} leads came in and were decided about in {in_words(found.intake_seconds)}.",
            f"Times are read page by page; reading all of them takes {in_words(found.reading_seconds)} by itself.",
            f"The rival took {in_words(found.rival_seconds)} for {found.rivals_leads} leads; the rest is extrapolated.",
            f"{found.calls} calls, {found.signals} signals, of which {SIGNALS_A_CALL} a call are its own.",
        ],
        figures=asdict(found)
        | {"rival_for_all_seconds": found.rival_for_all, "further_signals": found.further_signals},
    )


def _begun_line(one: Begun) -> Line:
    return Line(
        what=f"{one.what} → first dial",
        measured=in_words(one.first_dial_seconds),
        beside=f"request {in_words(one.request_seconds)}",
        goal=f"at most {in_words(MOST_FIRST_DIAL_SECONDS)}",
        met=one.first_dial_seconds <= MOST_FIRST_DIAL_SECONDS,
    )


def _ended_line(one: Ended) -> Line:
    last_dial = f"{in_words(abs(one.last_dial_seconds))} {'after' if one.last_dial_seconds > 0 else 'before'}"
    return Line(
        what=f"{one.what}: calls let out later",
        measured=str(one.late_gates),
        beside=f"request {in_words(one.request_seconds)}, last dial {last_dial} its answer",
        goal="none",
        met=one.late_gates == 0,
    )


def _times_line(what: str, seconds: float, found: Findings) -> Line:
    return Line(
        what=what,
        measured=in_words(seconds),
        beside=f"a signal to each: {in_words(found.rival_for_all)}",
        goal=f"at most {MOST_SHARE_OF_RIVAL:g} of it",
        met=seconds <= MOST_SHARE_OF_RIVAL * found.rival_for_all,
    )


def _signals_line(found: Findings) -> Line:
    most = MOST_SIGNALS_SHARE * found.leads
    return Line(
        what="Signals besides the calls' own",
        measured=str(found.further_signals),
        beside=f"a signal to each, five times: {5 * found.leads}",
        goal=f"at most {most:g}",
        met=found.further_signals <= most,
    )
