"""An appointment that was made in a conversation, between the callee and somebody of the client's."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Any

from domain.dispositions import fields_that_count
from domain.outcomes import written_field
from domain.vocabulary import AttemptOutcome
from domain.written_times import read_time

FIELD = "appointment_at"
"""The analysis field that names it."""

FURTHEST_APPOINTMENT = timedelta(days=730)


class AppointmentProblem(StrEnum):
    """Why nobody can be sure when an appointment is."""

    UNREADABLE = "unreadable"
    NO_TIME = "no_time"
    """A day without an hour."""
    PAST = "past"
    TOO_FAR = "too_far"


@dataclass(frozen=True, slots=True)
class Booking:
    """``written``: the time in the analysis' own words, 100 characters at most. ``at``: in UTC, without a problem."""

    written: str
    at: datetime | None
    problem: AppointmentProblem | None = None


def booking_of(
    custom_analysis: Mapping[str, Any], outcome: AttemptOutcome, *, ended_at: datetime, zone: tzinfo
) -> Booking | None:
    """The appointment that was made in a call; None where none was, or nobody spoke.

    Args:
        custom_analysis: The custom fields of the analysis.
        ended_at: The end of the call; timezone-aware.
        zone: The lead's zone, one of pytz's; times without an offset are read on its clock.
    """
    written = written_field(fields_that_count(custom_analysis, outcome), FIELD)
    if written is None:
        return None
    read = _read(written, ended_at, zone)
    return Booking(written, None, read) if isinstance(read, AppointmentProblem) else Booking(written, read)


def _read(written: str, ended_at: datetime, zone: tzinfo) -> datetime | AppointmentProblem:
    instant = read_time(written, zone)
    if instant is None:
        return AppointmentProblem.UNREADABLE
    if _is_a_mere_day(written):
        return AppointmentProblem.NO_TIME
    if instant <= ended_at:
        return AppointmentProblem.PAST
    return instant if instant <= ended_at + FURTHEST_APPOINTMENT else AppointmentProblem.TOO_FAR


def _is_a_mere_day(written: str) -> bool:
    try:
        date.fromisoformat(written.strip())
    except ValueError:
        return False
    return True
