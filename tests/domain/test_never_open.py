"""Who can never be called is told what leaves no hour, and what helps."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from domain.calling_hours import CallingHours, HoursElsewhere, federal_hours, intersect, next_opening, parse_windows
from domain.never_open import why_never_open
from domain.time_zones import load_zones

NOON = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)
EVERY_DAY = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def hours(opens: str, closes: str) -> CallingHours:
    return parse_windows([{"days": EVERY_DAY, "opens": opens, "closes": closes}])


WHOLE_DAY = hours("00:00", "24:00")


@pytest.mark.parametrize(
    ("windows", "rule", "zones", "says"),
    [
        pytest.param(
            hours("21:00", "23:00"),
            federal_hours(),
            ["America/Chicago"],
            "the campaign's windows and the calling rules have no hour in common; widen the windows",
            id="windows-outside-the-rules",
        ),
        pytest.param(
            hours("09:00", "17:00"),
            federal_hours(),
            ["America/Chicago", "Asia/Tokyo"],
            "the campaign's windows and the calling rules have no hour in its 2 time zones at once"
            " (America/Chicago, Asia/Tokyo); give the lead its time zone, or widen the windows",
            id="wider-windows-would-help",
        ),
        pytest.param(
            WHOLE_DAY,
            federal_hours(),
            ["America/Chicago", "Asia/Tokyo", "Europe/Athens", "Asia/Kolkata"],
            "the calling rules allow no hour in its 4 time zones at once"
            " (America/Chicago, Asia/Tokyo, Europe/Athens, …); give the lead its time zone",
            id="wider-windows-would-not-help",
        ),
        pytest.param(
            WHOLE_DAY,
            replace(federal_hours(), elsewhere=(HoursElsewhere("Asia/Shanghai", hours("12:00", "14:00")),)),
            ["America/Chicago"],
            "the calling rules allow no hour in America/Chicago; check its time zone and region",
            id="a-rule-with-a-clock-of-its-own",
        ),
        pytest.param(
            replace(WHOLE_DAY, elsewhere=(HoursElsewhere("Asia/Shanghai", hours("12:00", "14:00")),)),
            federal_hours(),
            ["America/Chicago"],
            "no hour in America/Chicago is also within the hours that hold on the clock of Asia/Shanghai;"
            " widen the windows",
            id="people-to-whom-calls-are-put-through",
        ),
    ],
)
def test_what_leaves_no_hour_is_named_with_a_remedy(
    windows: CallingHours, rule: CallingHours, zones: list[str], says: str
) -> None:
    together = intersect(windows, rule)
    assert next_opening(NOON, together, load_zones(zones)) is None
    told = why_never_open(NOON, together, load_zones(zones), zone_names=zones, rule_hours=rule)
    assert told == f"can't ever be called: {says}"


quarters = st.integers(0, 96).map(lambda quarter: f"{quarter // 4:02}:{quarter % 4 * 15:02}")
windows = st.tuples(quarters, quarters).filter(lambda two: two[0] < two[1]).map(lambda two: hours(*two))
places = st.lists(
    st.sampled_from(["America/Chicago", "America/Los_Angeles", "Europe/London", "Asia/Tokyo", "Pacific/Auckland"]),
    min_size=1,
    max_size=3,
    unique=True,
)


@given(windows, windows, places)
def test_to_widen_the_windows_is_said_to_those_only_whom_it_helps(
    own: CallingHours, rule: CallingHours, names: list[str]
) -> None:
    together, zones = intersect(own, rule), load_zones(names)
    assume(next_opening(NOON, together, zones) is None)
    told = why_never_open(NOON, together, zones, zone_names=names, rule_hours=rule)
    helps = next_opening(NOON, intersect(WHOLE_DAY, rule), zones) is not None
    assert ("widen the windows" in told) is helps
