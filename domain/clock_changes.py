"""The instants at which a zone's clocks are put forward or back."""

from datetime import datetime, timedelta, tzinfo

_STEP = timedelta(days=1)
"""No zone has changed its clocks twice within a day."""


def clock_change(after: datetime, until: datetime, zone: tzinfo) -> datetime | None:
    """The first instant after ``after``, ``until`` included, at which the zone's distance from UTC is another one.

    Args:
        after: In UTC.
        until: In UTC; the effort is two look-ups for each day up to it.
        zone: Any zone; only its answer for real instants is asked.

    Returns:
        An instant in UTC, to the second, as zones define them; ``None`` when the clocks are left alone.
    """
    before = _offset(after, zone)
    while after < until:
        step_end = min(after + _STEP, until)
        if _offset(step_end, zone) != before:
            return _first_second_of_another_offset(after, step_end, zone)
        after = step_end
    return None


def _offset(utc: datetime, zone: tzinfo) -> timedelta | None:
    return utc.astimezone(zone).utcoffset()


def _first_second_of_another_offset(after: datetime, until: datetime, zone: tzinfo) -> datetime:
    start = after.replace(microsecond=0)
    before = _offset(start, zone)
    same, another = 0, int((until - start).total_seconds()) + 1
    while another - same > 1:
        middle = (same + another) // 2
        if _offset(start + timedelta(seconds=middle), zone) == before:
            same = middle
        else:
            another = middle
    return start + timedelta(seconds=another)
