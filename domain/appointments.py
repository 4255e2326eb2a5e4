"""When the leads that may all be called from one opening on are told to wake: one after the other.

The engine bears only so many timers in one second, and signals wait behind them. Whoever comes earlier than its
appointment, since a slot was handed on to it in its sleep, loses nothing: an appointment is when a lead looks by
itself, not when it may be called.
"""

from datetime import datetime, timedelta

WAKES_A_SECOND = 20.0
"""The embedded engine drains about 90 timers of one second (docs/decisions); this leaves room for everything else."""

EXPECTED_CALL = timedelta(seconds=30)
"""How long a slot is taken at least, ringing included, by a call on average."""


def appointment(
    position: int, *, opens_at: datetime, open_until: datetime, live_calls: int, calls_per_second: float
) -> datetime:
    """When the lead with ``position`` leads before it at this opening wakes, given out no faster than they are served.

    Those who don't fit before ``open_until`` begin again at the opening, between the others.

    Args:
        position: From 0.
        live_calls: How many the pool carries at once, at least 1.
        calls_per_second: How many the pool may begin in a second.

    Returns:
        An instant from ``opens_at`` on and before ``open_until``; ``opens_at`` where the two leave no time between.
    """
    served_a_second = min(live_calls / EXPECTED_CALL.total_seconds(), calls_per_second, WAKES_A_SECOND)
    open_for = (open_until - opens_at).total_seconds()
    if open_for <= 0:
        return opens_at
    return opens_at + timedelta(seconds=(position / served_a_second) % open_for)
