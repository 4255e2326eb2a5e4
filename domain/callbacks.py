"""A call-back that was promised in a conversation."""

from datetime import datetime, timedelta, tzinfo
from enum import StrEnum

import pytz

FURTHEST_PROMISE = timedelta(days=90)


class CallbackProblem(StrEnum):
    """Why a call-back that was promised can't be kept."""

    UNREADABLE = "unreadable"
    PAST = "past"
    TOO_FAR = "too_far"


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
    try:
        promised = datetime.fromisoformat(written.strip())
        instant = _latest_reading(promised, zone) if promised.tzinfo is None else promised.astimezone(pytz.utc)
    except (ValueError, OverflowError):
        return CallbackProblem.UNREADABLE
    if instant <= now:
        return CallbackProblem.PAST
    return instant if instant <= now + FURTHEST_PROMISE else CallbackProblem.TOO_FAR


def promised_callback(written: str | None, *, now: datetime, zone: tzinfo) -> datetime | None:
    """The promised instant in UTC, or None when there is none that can be kept. Arguments as for ``read_callback``."""
    promised = read_callback(written, now=now, zone=zone)
    return promised if isinstance(promised, datetime) else None


def _latest_reading(local: datetime, zone: tzinfo) -> datetime:
    """Both readings are asked for, since in Ireland and Morocco it is the winter that counts as a clock change."""
    readings: list[datetime] = [zone.localize(local, is_dst=is_dst) for is_dst in (True, False)]  # type: ignore[attr-defined]
    return max(reading.astimezone(pytz.utc) for reading in readings)
