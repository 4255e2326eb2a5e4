"""A call-back that was promised in a conversation."""

from datetime import datetime, timedelta, tzinfo

import pytz

FURTHEST_PROMISE = timedelta(days=90)


def promised_callback(written: str | None, *, now: datetime, zone: tzinfo) -> datetime | None:
    """The promised instant in UTC, or None when there is none that can be kept.

    Args:
        written: ISO 8601 as the call's analysis gave it; without an offset it is read on the lead's wall clock.
        now: Timezone-aware.
        zone: The lead's zone, one of pytz's.

    None stands for: nothing written, unreadable, in the past, or further off than 90 days. An hour that occurs twice
    in the night the clocks go back is read as the later one, one that doesn't occur as an hour later.
    """
    if written is None:
        return None
    try:
        promised = datetime.fromisoformat(written.strip())
        if promised.tzinfo is None:
            promised = pytz.utc.normalize(zone.localize(promised, is_dst=False))  # type: ignore[attr-defined]
        instant = promised.astimezone(pytz.utc)
    except (ValueError, OverflowError):
        return None
    return instant if now < instant <= now + FURTHEST_PROMISE else None
