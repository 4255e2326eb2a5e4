"""Why a lead can never be called within its calling hours, and what somebody can do about it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, tzinfo

from domain.calling_hours import CallingHours, next_opening

MOST_NAMED = 3

_ASK_WHERE = "give the lead its time zone"
_WIDEN = "widen the windows"


def why_never_open(
    now: datetime,
    hours: CallingHours,
    zones: Sequence[tzinfo],
    *,
    zone_names: Sequence[str],
    rule_hours: CallingHours | None = None,
) -> str:
    """What leaves no hour, in a sentence for people: the calling rules, the campaign's windows, or where it may be.

    Args:
        now: Timezone-aware.
        hours: All that has to be open; found never to be so on the clocks of these zones together.
        zones: Every zone the lead may be in; one at least.
        zone_names: Their names.
        rule_hours: What the calling rules alone allow; where they leave no hour, other windows wouldn't help.
    """
    return f"can't ever be called: {_reason(now, hours, zones, zone_names, rule_hours)}"


def _reason(
    now: datetime,
    hours: CallingHours,
    zones: Sequence[tzinfo],
    zone_names: Sequence[str],
    rule_hours: CallingHours | None,
) -> str:
    where = _where(zone_names)
    if rule_hours is not None and next_opening(now, rule_hours, zones) is None:
        remedy = _ASK_WHERE if len(zones) > 1 else "check its time zone and region"
        return f"the calling rules allow no hour {where}; {remedy}"
    if not hours.week:
        return f"the campaign's windows and the calling rules have no hour in common; {_WIDEN}"
    if hours.elsewhere and next_opening(now, replace(hours, elsewhere=()), zones) is not None:
        clocks = ", ".join(dict.fromkeys(other.zone_name for other in hours.elsewhere))
        return f"no hour {where} is also within the hours that hold on the clock of {clocks}; {_WIDEN}"
    remedy = f"{_ASK_WHERE}, or {_WIDEN}" if len(zones) > 1 else _WIDEN
    return f"the campaign's windows and the calling rules have no hour {where}; {remedy}"


def _where(zone_names: Sequence[str]) -> str:
    if len(zone_names) == 1:
        return f"in {zone_names[0]}"
    named = ", ".join(zone_names[:MOST_NAMED]) + (", …" if len(zone_names) > MOST_NAMED else "")
    return f"in its {len(zone_names)} time zones at once ({named})"
