"""Whether the times for which a lead is planned lie within its hours."""

from collections.abc import Sequence
from datetime import datetime, tzinfo

from domain.calling_hours import CallingHours, closes_at, is_open
from domain.decision import CLOSING_MARGIN


def keeps_hours(
    *,
    due_at: datetime,
    open_until: datetime,
    next_attempt_at: datetime | None,
    hours: CallingHours,
    zones: Sequence[tzinfo],
    now: datetime,
) -> bool:
    """Whether the lead could be called at the planned times by these hours, on every clock it may live by.

    Args:
        due_at: From when on it may be called. Where that is past, it may be called since, and ``now`` has to be open.
        open_until: Until when: no later than requests may leave in the hours that ``due_at`` lies in.
        next_attempt_at: When it looks by itself, where that is planned.
        hours: The campaign's windows cut with the rule.
        zones: Every zone the lead may be in; one at least.
        now: Timezone-aware, before ``open_until``.
    """
    begins = max(due_at, now)
    if not is_open(begins, hours, zones) or open_until > closes_at(begins, hours, zones) - CLOSING_MARGIN:
        return False
    return next_attempt_at is None or next_attempt_at <= now or is_open(next_attempt_at, hours, zones)
