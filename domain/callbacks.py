"""A call-back that was promised in a conversation."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Any

from domain.dispositions import Then, fields_that_count
from domain.outcomes import promised_text
from domain.vocabulary import AttemptOutcome
from domain.written_times import read_time

FURTHEST_PROMISE = timedelta(days=90)


class CallbackProblem(StrEnum):
    """Why a call-back that was promised can't be kept."""

    UNREADABLE = "unreadable"
    PAST = "past"
    TOO_FAR = "too_far"


@dataclass(frozen=True, slots=True)
class Promise:
    """``written``: the promised time in the analysis' own words. ``problem``: why it can't be kept."""

    written: str
    problem: CallbackProblem | None


def promise_of(
    custom_analysis: Mapping[str, Any], outcome: AttemptOutcome, then: Then | None, *, ended_at: datetime, zone: tzinfo
) -> Promise | None:
    """The call-back that was promised in a call, if the call is one after which somebody is to be called back.

    Args:
        custom_analysis: The custom fields of the analysis.
        then: What the call's disposition says.
        ended_at: The end of the call; timezone-aware.
        zone: The lead's zone, one of pytz's.
    """
    by_disposition = then is Then.CALL_BACK and outcome is not AttemptOutcome.OPTED_OUT
    if outcome is not AttemptOutcome.CALLBACK_REQUESTED and not by_disposition:
        return None
    written = promised_text(fields_that_count(custom_analysis, outcome))
    if written is None:
        return None
    read = read_callback(written, now=ended_at, zone=zone)
    return Promise(written, read if isinstance(read, CallbackProblem) else None)


def read_callback(written: str | None, *, now: datetime, zone: tzinfo) -> datetime | CallbackProblem | None:
    """The promised instant in UTC, or why it can't be kept; None when nothing was promised.

    An hour that occurs twice in the night the clocks go back is read as the later one, one that doesn't occur as an
    hour later.

    Args:
        written: ISO 8601 as the call's analysis gave it; without an offset it is read on the lead's wall clock.
        now: The end of the call; timezone-aware.
        zone: The lead's zone, one of pytz's.
    """
    if written is None:
        return None
    instant = read_time(written, zone)
    if instant is None:
        return CallbackProblem.UNREADABLE
    if instant <= now:
        return CallbackProblem.PAST
    return instant if instant <= now + FURTHEST_PROMISE else CallbackProblem.TOO_FAR


def promised_callback(written: str | None, *, now: datetime, zone: tzinfo) -> datetime | None:
    """The promised instant in UTC, or None when there is none that can be kept. Arguments as for ``read_callback``."""
    promised = read_callback(written, now=now, zone=zone)
    return promised if isinstance(promised, datetime) else None
