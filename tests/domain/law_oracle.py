"""Who may be called when, answered minute by minute with zoneinfo on the ``tzdata`` package.

Shares neither code nor data nor library with ``domain``. A *stretch* is a run of whole minutes; each of them is shown
on the wall clock and looked up in what the law allows in that minute of that date.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

from tests.domain.law_tables import CAMPAIGNS, CENTRAL, HOLIDAYS, SCENARIOS, WEEKS, Scenario

FIRST, LAST = datetime(2026, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
STRETCH = timedelta(days=6)

Shown = Sequence[tuple[date, int]]
"""What a clock shows in each minute of a stretch: the date and the minute of the day."""


@cache
def packaged_zone(name: str) -> ZoneInfo:
    """The zone of the ``tzdata`` package, whatever the machine has installed and PYTHONTZPATH says."""
    *folders, file = name.split("/")
    with resources.files(".".join(["tzdata.zoneinfo", *folders])).joinpath(file).open("rb") as data:
        return ZoneInfo.from_file(data, key=name)


def every_zone() -> list[str]:
    """Every name of the IANA database that tells a time (``Factory`` tells none)."""
    names = resources.files("tzdata").joinpath("zones").read_text(encoding="utf-8").split()
    return sorted(set(names) - {"Factory"})


def clock_changes(name: str) -> list[datetime]:
    """Every whole hour of the two years within which the zone's clocks are put forward or back."""
    zone = packaged_zone(name)
    hours = [FIRST + timedelta(hours=hour) for hour in range(int((LAST - FIRST) / timedelta(hours=1)))]
    offsets = [hour.astimezone(zone).utcoffset() for hour in hours]
    return [hour for hour, before, after in zip(hours, offsets, offsets[1:], strict=False) if before != after]


def shown(start: datetime, name: str) -> Shown:
    """What the zone's clock shows in every minute of the stretch that begins at ``start``."""
    zone = packaged_zone(name)
    instants = (start + minute * MINUTE for minute in range(STRETCH // MINUTE))
    locals_ = (instant.astimezone(zone) for instant in instants)
    return [(local.date(), local.hour * 60 + local.minute) for local in locals_]


@dataclass(frozen=True)
class Answers:
    """Which minutes of a stretch are open; 1 stands for open."""

    start: datetime
    minutes: bytes

    def is_open(self, instant: datetime) -> bool:
        return bool(self.minutes[self._minute(instant)])

    def next_opening(self, instant: datetime) -> datetime | None:
        """``None`` for after the stretch."""
        if self.is_open(instant):
            return instant
        return self._at(self.minutes.find(b"\x01", self._minute(instant)))

    def closes_at(self, instant: datetime) -> datetime | None:
        """For an open instant; ``None`` for after the stretch."""
        return self._at(self.minutes.find(b"\x00", self._minute(instant)))

    def edges(self) -> list[datetime]:
        changes = range(1, len(self.minutes))
        return [self.start + minute * MINUTE for minute in changes if self.minutes[minute] != self.minutes[minute - 1]]

    def _minute(self, instant: datetime) -> int:
        return (instant - self.start) // MINUTE

    def _at(self, minute: int) -> datetime | None:
        return None if minute < 0 else self.start + minute * MINUTE


def answers(start: datetime, clocks: Iterable[Shown], scenario: Scenario, campaign: str) -> Answers:
    """The law's answers for a lead with these clocks; open is what every clock allows in that minute."""
    number = SCENARIOS.index(scenario)
    allowed = [bytes(_day(number, campaign, day)[minute] for day, minute in clock) for clock in clocks]
    if CENTRAL & set(scenario.rows) and not scenario.is_anywhere:
        allowed.append(bytes(_central_day(day)[minute] for day, minute in shown(start, "America/Chicago")))
    return Answers(start, _all_of(allowed))


@cache
def _day(scenario_number: int, campaign: str, day: date) -> bytes:
    rows = SCENARIOS[scenario_number].rows
    return _all_of([_hours(CAMPAIGNS[campaign], day), *(_row(row, day) for row in rows)])


@cache
def _central_day(day: date) -> bytes:
    return _all_of([_row(row, day) for row in sorted(CENTRAL)])


def _row(row: str, day: date) -> bytes:
    is_holiday = day.isoformat() in HOLIDAYS.get(row, "")
    return bytes(24 * 60) if is_holiday else _hours(WEEKS[row], day)


def _hours(week: str, day: date) -> bytes:
    weekdays, saturday, sunday = week.split()
    return _span({5: saturday, 6: sunday}.get(day.weekday(), weekdays))


@cache
def _span(written: str) -> bytes:
    opens, closes = (_minute_of_day(time) for time in written.split("-"))
    return bytes(opens <= minute < closes for minute in range(24 * 60))


def _minute_of_day(time: str) -> int:
    hour, _, minute = time.partition(":")
    return int(hour) * 60 + int(minute or 0)


def _all_of(minutes: Sequence[bytes]) -> bytes:
    return bytes(map(min, zip(*minutes, strict=True)))
