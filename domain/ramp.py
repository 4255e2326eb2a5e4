"""Calls a second, and how what comes back after it was parked is loaded by steps."""

from datetime import datetime, timedelta

RAMP = timedelta(seconds=60)
"""What came back is loaded fully after this."""

FIRST_SHARE = 0.1
"""Of its calls a second, right after it came back."""

LONGEST_DISTANCE = timedelta(seconds=2)
"""However slow the first step is, one call leaves within this, unless calls a second themselves allow fewer."""


def is_ramping(released_at: datetime | None, at: datetime) -> bool:
    return released_at is not None and at < released_at + RAMP


def share(released_at: datetime | None, at: datetime) -> float:
    """The share of its calls a second that may be used at ``at``: a tenth at once, then evenly more until all.

    Args:
        released_at: When it came back; ``None`` when it was never parked.
    """
    if released_at is None:
        return 1.0
    gone_by = max(at - released_at, timedelta(0)) / RAMP
    return min(FIRST_SHARE + (1 - FIRST_SHARE) * gone_by, 1.0)


def distance(calls_per_second: float, at: datetime, *released: datetime | None) -> timedelta:
    """How long after a call that leaves at ``at`` the next one may leave.

    Args:
        calls_per_second: Above 0.
        released: When each of those came back that the call goes through; the one that came back last decides.
    """
    full = timedelta(seconds=1 / calls_per_second)
    least = min((share(one, at) for one in released), default=1.0)
    return max(full, min(full / least, LONGEST_DISTANCE))
