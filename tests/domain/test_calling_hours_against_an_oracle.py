"""Calling hours in all kinds of zones, judged by an answer found minute by minute with zoneinfo and ``tzdata``.

The oracle is written from the law's sentence (nobody is called before the opening or from the closing on, by the clock
where the person is) and from nothing else; it shares neither code nor library with the modules it judges.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from importlib import resources
from typing import NamedTuple
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.calling_hours import closes_at, is_open, next_opening, parse_windows
from domain.time_zones import load_zones

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MINUTE = timedelta(minutes=1)
ORACLE_REACH = timedelta(hours=30)
ZONE_NAMES = (
    *("America/New_York", "America/Chicago", "America/Phoenix", "America/St_Johns", "America/Havana"),
    *("America/Sao_Paulo", "America/Santiago", "America/Caracas", "America/Asuncion", "Atlantic/Azores"),
    *("Europe/London", "Africa/Casablanca", "Africa/Cairo", "Asia/Gaza", "Asia/Tehran", "Asia/Kolkata"),
    *("Asia/Kathmandu", "Asia/Pyongyang", "Australia/Eucla", "Australia/Lord_Howe", "Pacific/Chatham"),
    *("Pacific/Apia", "Pacific/Honolulu", "Antarctica/Troll"),
)
FIRST, LAST = datetime(2007, 1, 1, tzinfo=UTC), datetime(2036, 12, 1, tzinfo=UTC)


class Case(NamedTuple):
    now: datetime
    windows: list[dict[str, object]]
    zones: list[str]


def packaged_zone(name: str) -> ZoneInfo:
    """The zone of the ``tzdata`` package, whatever the machine has installed."""
    *folders, file = name.split("/")
    with resources.files(".".join(["tzdata.zoneinfo", *folders])).joinpath(file).open("rb") as data:
        return ZoneInfo.from_file(data, key=name)


def oracle_is_open(instant: datetime, case: Case) -> bool:
    return all(suits(instant.astimezone(PACKAGED[name]), case.windows) for name in case.zones)


def oracle_next_opening(case: Case) -> datetime | None:
    """The first open one among ``now`` and all whole minutes within the oracle's reach."""
    return next((minute for minute in minutes(case.now) if oracle_is_open(minute, case)), None)


def oracle_closes_at(opening: datetime, case: Case) -> datetime:
    """The first closed whole minute within the oracle's reach, else the end of it."""
    closed = (minute for minute in minutes(opening) if not oracle_is_open(minute, case))
    return next(closed, opening + ORACLE_REACH)


def suits(local: datetime, windows: Sequence[dict[str, object]]) -> bool:
    day, time = WEEKDAYS[local.weekday()], f"{local.hour:02}:{local.minute:02}"
    return any(
        day in str(window["days"]) and str(window["opens"]) <= time < str(window["closes"]) for window in windows
    )


def minutes(now: datetime) -> Iterator[datetime]:
    yield now
    minute = now.replace(second=0, microsecond=0) + MINUTE
    while minute <= now + ORACLE_REACH:
        yield minute
        minute += MINUTE


def days_with_another_clock(zone: ZoneInfo) -> list[datetime]:
    days = [FIRST + timedelta(days=day) for day in range((LAST - FIRST).days)]
    clocks = [day.astimezone(zone).utcoffset() for day in days]
    return [day for day, before, after in zip(days, clocks, clocks[1:], strict=False) if before != after]


PACKAGED = {name: packaged_zone(name) for name in ZONE_NAMES}
LOADED = dict(zip(ZONE_NAMES, load_zones(ZONE_NAMES), strict=True))
CHANGES = {name: days_with_another_clock(zone) for name, zone in PACKAGED.items()}
NICE_MINUTES = (0, 30, 60, 90, 120, 150, 180, 540, 1020, 1380, 1410, 1440)


def window(days: int, minute: int, other: int, is_nice: bool) -> dict[str, object]:
    opens, closes = sorted((minute, other))
    if is_nice or opens == closes:
        first, second = sorted(number % (len(NICE_MINUTES) - 1) for number in (minute, other))
        opens, closes = NICE_MINUTES[first], NICE_MINUTES[second + 1]
    chosen = [name for day, name in enumerate(WEEKDAYS) if days >> day & 1]
    return {"days": chosen, "opens": written_time(opens), "closes": written_time(closes)}


def written_time(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def case(zones: list[str], is_near_a_change: bool, day: int, seconds: int, windows: list[dict[str, object]]) -> Case:
    days = CHANGES[zones[0]] if is_near_a_change else []
    start = days[day % len(days)] if days else FIRST + timedelta(days=day % (LAST - FIRST).days)
    return Case(start + timedelta(seconds=seconds), windows, zones)


MINUTES = st.integers(0, 1440)
DAYS = st.one_of(st.just(127), st.integers(1, 127))
CASES = st.builds(
    case,
    st.lists(st.sampled_from(ZONE_NAMES), min_size=1, max_size=3, unique=True),
    st.booleans(),
    st.integers(0, 100_000),
    st.integers(-86_400, 2 * 86_400),
    st.lists(st.builds(window, DAYS, MINUTES, MINUTES, st.booleans()), min_size=1, max_size=2),
)
# The same cases every time, and nothing written to the disk.
PLENTY = settings(deadline=None, derandomize=True, database=None, max_examples=1500)
SOME = settings(PLENTY, max_examples=600)


@given(CASES)
@PLENTY
def test_an_instant_is_open_exactly_when_every_clock_says_so(case: Case) -> None:
    zones = [LOADED[name] for name in case.zones]
    assert is_open(case.now, parse_windows(case.windows), zones) == oracle_is_open(case.now, case)


@given(CASES)
@SOME
def test_the_next_opening_is_the_first_minute_that_every_clock_allows(case: Case) -> None:
    ours = next_opening(case.now, parse_windows(case.windows), [LOADED[name] for name in case.zones])
    is_beyond = ours is None or ours > case.now + ORACLE_REACH
    assert (None if is_beyond else ours) == oracle_next_opening(case)


@given(CASES)
@SOME
def test_a_window_closes_at_the_first_minute_that_some_clock_forbids(case: Case) -> None:
    hours, zones = parse_windows(case.windows), [LOADED[name] for name in case.zones]
    opening = next_opening(case.now, hours, zones) or case.now
    if is_open(opening, hours, zones):
        ours = min(closes_at(opening, hours, zones), opening + ORACLE_REACH)
        assert ours == oracle_closes_at(opening, case)
