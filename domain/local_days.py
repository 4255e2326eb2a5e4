"""Where a day ends on somebody's clock, also when clocks change at midnight."""

from datetime import datetime, timedelta, tzinfo

from domain.clock_changes import clock_change


def next_local_day(after: datetime, zone: tzinfo) -> datetime:
    """The first instant after ``after`` at which the zone's clock shows another date.

    Args:
        after: In UTC.
        zone: Any zone.

    Returns:
        An instant in UTC: midnight, or where midnight is skipped the first instant after it. Where clocks go back at
        midnight into the old day, that day ends an hour later.
    """
    today = after.astimezone(zone).date()
    utc = after
    while (local := utc.astimezone(zone)).date() == today:
        since_midnight = timedelta(
            hours=local.hour, minutes=local.minute, seconds=local.second, microseconds=local.microsecond
        )
        midnight = utc + timedelta(days=1) - since_midnight
        utc = clock_change(utc, midnight, zone) or midnight
    return utc
