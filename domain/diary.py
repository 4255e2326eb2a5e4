"""What people read about a lead in the Temporal UI: its attempts so far, and what comes next and why.

Texts here end up in histories, so they are made of outcomes, dispositions, waiting reasons and wall-clock times only:
no number, no name, nothing that was said. What other people named (campaigns, pools, dispositions) is shown as it
stands and never as Markdown.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never

import pytz

from domain.calling_hours import DAY_NAMES, describe_local
from domain.steps import Dial, Parked, Queued, Step, Stop, WaitUntil
from domain.vocabulary import AttemptOutcome, AttemptStatus, BlockedReason, LeadOutcome

MOST_ATTEMPTS = 10

LONGEST_DETAILS = 4_000
"""Bytes. Each step of a lead is kept with its details, so they must stay small."""

LONGEST_SUMMARY = 200
"""Bytes; the engine refuses longer ones."""

_LONGEST_NAME = 60
_LONGEST_REASON = 500

# Emphasis, code, links and HTML, and what turns bare addresses into links. Nothing that only means something at the
# beginning of a line: no foreign text begins one.
_MARKUP = re.compile(r"([\\`*_\[\]<>~&@]|:(?=/)|(?<=www)\.)", re.IGNORECASE)
_OPENING = re.compile(rf"^(?:{'|'.join(DAY_NAMES)}) \d\d:\d\d \S+, ")
_UNPRINTABLE = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]+")

_REMEDIES = {
    f"{LeadOutcome.BLOCKED}: {BlockedReason.REFUSED_BY_PROVIDER}": (
        "; the provider takes the calls of others: look at this lead's number and fields, mend them and reopen it"
    )
}

_UNSETTLED = {
    AttemptStatus.GRANTED: "about to be dialled",
    AttemptStatus.DIALLING: "being dialled",
    AttemptStatus.UNCONFIRMED: "dialled, not confirmed yet",
    AttemptStatus.IN_PROGRESS: "on the phone, or its analysis is awaited",
    AttemptStatus.DONE: "over",
}


@dataclass(frozen=True, slots=True)
class DiaryAttempt:
    """``at``: when it was dialled, or given its slot where it never was; timezone-aware."""

    number: int
    status: AttemptStatus
    at: datetime
    outcome: AttemptOutcome | None = None
    disposition: str | None = None
    counts: bool | None = None


def with_diary(step: Step, attempts: Sequence[DiaryAttempt], zone_name: str) -> Step:
    """The step with everything that people read about it. Arguments as for ``describe``."""
    details = describe(attempts, step, zone_name)
    match step:
        case WaitUntil() | Queued():
            return replace(step, details=details, summary=summarise(step, zone_name))
        case Dial(not_before=not_before):
            offset = _local(not_before, zone_name).utcoffset() or timedelta(0)
            return replace(step, details=details, zone_name=zone_name, utc_offset=offset)
        case Stop() | Parked():
            return replace(step, details=details)
        case never:
            assert_never(never)


def describe(attempts: Sequence[DiaryAttempt], step: Step, zone_name: str) -> str:
    """The lead's diary in Markdown, the last 10 attempts of it; at most 4,000 bytes.

    Args:
        attempts: All of the lead's, oldest first.
        step: What comes next.
        zone_name: Where the lead lives (IANA); every time is shown on its wall clock.
    """
    lines = [f"**Next:** {_next(step, zone_name)}"]
    if attempts:
        lines += ["", f"**Attempts** ({zone_name})", ""]
        lines += [_line(attempt, zone_name) for attempt in attempts[-MOST_ATTEMPTS:]]
    earlier = len(attempts) - MOST_ATTEMPTS
    if earlier > 0:
        lines += ["", f"and {earlier} before these"]
    return cut("\n".join(lines), LONGEST_DETAILS)


def summarise(step: WaitUntil | Queued, zone_name: str) -> str:
    """Why the lead's timer runs and until when, on one line of at most 200 bytes."""
    match step:
        case WaitUntil(instant=instant, why=why):
            return cut(f"{describe_local(instant, zone_name)}, {_without_time(why)}", LONGEST_SUMMARY)
        case Queued(until=until, why=why):
            return cut(f"queued for {why}, {describe_local(until, zone_name)} at the latest", LONGEST_SUMMARY)
        case never:
            assert_never(never)


def plain(text: str) -> str:
    """What somebody else wrote, so that Markdown shows it as it stands, on one line and without links."""
    return _MARKUP.sub(r"\\\1", _UNPRINTABLE.sub(" ", text).strip())


def cut(text: str, longest: int) -> str:
    """The text, if it takes at most ``longest`` bytes of UTF-8, else its beginning and an ellipsis."""
    written = text.encode(errors="replace")
    if len(written) <= longest:
        return written.decode()
    return written[: longest - len("…".encode())].decode(errors="ignore") + "…"


def _next(step: Step, zone_name: str) -> str:
    match step:
        case Stop(reason=reason):
            return f"nothing, this lead is done ({_reason(reason.replace('_', ' '))}){_REMEDIES.get(reason, '')}"
        case WaitUntil(instant=instant, why=why):
            return f"asleep until {_time(instant, zone_name)} {zone_name}: {_reason(_without_time(why))}"
        case Queued(until=until, why=why):
            return f"queued for {_reason(why)}, until {_time(until, zone_name)} {zone_name} at the latest"
        case Parked(why=why):
            return f"held up: {_reason(why)}"
        case Dial(number=number):
            return f"attempt {number}, **live now**"
        case never:
            assert_never(never)


def _line(attempt: DiaryAttempt, zone_name: str) -> str:
    parts = [f"- **{attempt.number}** · {_time(attempt.at, zone_name)}", _came_to(attempt)]
    if attempt.disposition is not None:
        parts.append(plain(cut(attempt.disposition, _LONGEST_NAME)))
    if attempt.counts is False:
        parts.append("doesn't count")
    return " · ".join(parts)


def _came_to(attempt: DiaryAttempt) -> str:
    return _UNSETTLED[attempt.status] if attempt.outcome is None else attempt.outcome.replace("_", " ")


def _reason(text: str) -> str:
    return plain(cut(text, _LONGEST_REASON))


def _without_time(why: str) -> str:
    """A reason may name the opening; the lead's own appointment, which is told, can be a little later."""
    return _OPENING.sub("", why)


def _local(instant: datetime, zone_name: str) -> datetime:
    return instant.astimezone(pytz.timezone(zone_name))


def _time(instant: datetime, zone_name: str) -> str:
    local = _local(instant, zone_name)
    return f"{DAY_NAMES[local.weekday()]} {local:%d %b %H:%M:%S}"
