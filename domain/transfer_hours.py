"""When there is somebody to whom a call may be put through."""

from datetime import datetime

import pytz

from domain.calling_hours import is_open
from domain.windows import HoursElsewhere, InvalidWindows, parse_windows
from domain.zone_names import canonical_zone

_EXAMPLE = '{"time_zone": "America/New_York", "windows": [{"days": ["mon"], "opens": "09:00", "closes": "17:00"}]}'


class InvalidTransferHours(ValueError):  # noqa: N818 - a name says what happened, as in the house's other error trees
    """These hours can't be kept. The text is a sentence for the person who wrote them, and says what to give."""


def parse_transfer_hours(written: object) -> HoursElsewhere:
    """Hours from their JSON form: ``{"time_zone": …, "windows": …}``, the windows as those of a campaign.

    The clock is that of the people who take the calls, wherever the lead is.

    Raises:
        InvalidTransferHours: Anything but a place's time zone and 1 to 50 windows.
    """
    if not isinstance(written, dict) or written.keys() != {"time_zone", "windows"}:
        raise InvalidTransferHours(f"Transfer hours need exactly `time_zone` and `windows`: {_EXAMPLE}.")
    name = written["time_zone"]
    zone = canonical_zone(name) if isinstance(name, str) else None
    if zone is None:
        raise InvalidTransferHours(
            f"{str(name)[:40]!r} is no place's time zone. Give `time_zone` as an IANA name such as America/Chicago."
        )
    try:
        return HoursElsewhere(zone, parse_windows(written["windows"]))
    except InvalidWindows as error:
        raise InvalidTransferHours(f"Transfer hours: {error}") from None


def may_transfer(hours: HoursElsewhere | None, instant: datetime) -> bool:
    """Whether somebody is there at this instant (timezone-aware); always where no hours are given."""
    return hours is None or is_open(instant, hours.hours, [pytz.timezone(hours.zone_name)])
