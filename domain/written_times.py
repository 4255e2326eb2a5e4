"""Times as a call's analysis writes them."""

from datetime import datetime, tzinfo

import pytz


def read_time(written: str, zone: tzinfo) -> datetime | None:
    """The instant in UTC; None when it can't be read.

    An hour that occurs twice in the night the clocks go back is read as the later one, one that doesn't occur as an
    hour later.

    Args:
        written: ISO 8601; without an offset it is read on the lead's wall clock.
        zone: The lead's zone, one of pytz's.
    """
    try:
        read = datetime.fromisoformat(written.strip())
        return _latest_reading(read, zone) if read.tzinfo is None else read.astimezone(pytz.utc)
    except (ValueError, OverflowError):
        return None


def _latest_reading(local: datetime, zone: tzinfo) -> datetime:
    """Both readings are asked for, since in Ireland and Morocco it is the winter that counts as a clock change."""
    readings: list[datetime] = [zone.localize(local, is_dst=is_dst) for is_dst in (True, False)]  # type: ignore[attr-defined]
    return max(reading.astimezone(pytz.utc) for reading in readings)
