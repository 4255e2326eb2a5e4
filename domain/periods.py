"""Stretches of time that figures are asked for, and from which sums of theirs they are put together."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Literal

from domain.local_days import next_local_day

BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
END = datetime(2100, 1, 1, tzinfo=UTC)

Grain = Literal["day", "hour"]


@dataclass(frozen=True, slots=True)
class Span:
    """Sums of this grain, each over a day or an hour of UTC, that begin from ``since`` on and before ``until``."""

    grain: Grain
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Period:
    """From ``since`` on and before ``until``, both at full hours of UTC."""

    since: datetime
    until: datetime

    def whole_days(self) -> "Period":
        """From the first day of UTC that is whole in it to the last; empty, at its end, where there is none."""
        first_day, last_day = _day_from(self.since), _day_of(self.until)
        return Period(first_day, last_day) if first_day < last_day else Period(self.until, self.until)

    def spans(self) -> Sequence[Span]:
        """Whole days where there are any, and the hours at both ends."""
        days = self.whole_days()
        parts = [
            Span("hour", self.since, days.since),
            Span("day", days.since, days.until),
            Span("hour", days.until, self.until),
        ]
        return [part for part in parts if part.since < part.until]


@dataclass(frozen=True, slots=True)
class ZoneDays:
    """How sums over days and hours of UTC are put together to sums over days of some zone.

    A zone's day shares most of its hours with one day of UTC. So that one is taken whole, and the hours by which the
    two differ are moved: a few for each day, where adding up hours alone would read all 24.

    Attributes:
        begins: First instants of the zone's days, in UTC and in order. A sum of an hour is of the day that has begun
            when the hour begins.
        midnights: For each of them the midnight of UTC next to it. A sum of a whole day is at first of the zone's day
            with the last midnight that isn't after it.
        moved: Hours within those whole days that are taken away from the day by midnights and added to their own.
    """

    begins: Sequence[datetime]
    midnights: Sequence[datetime]
    moved: Sequence[datetime]


def whole_hours(since: datetime | None, until: datetime | None) -> Period:
    """The period, widened to full hours of UTC; without a beginning or an end it is bounded by nothing."""
    begin = BEGINNING if since is None else _hour_of(max(since, BEGINNING))
    end = END if until is None else min(until, END)
    return Period(begin, _hour_from(end))


def beginning_of(day: date, zone: tzinfo) -> datetime:
    """The first instant of the day, or of a later one where the zone left the day out; in UTC."""
    begin = datetime.combine(day, time(), UTC) - timedelta(hours=36)
    while begin.astimezone(zone).date() < day:
        begin = next_local_day(begin, zone)
    return begin


def days_within(period: Period, zone: tzinfo) -> Sequence[tuple[date, datetime]]:
    """The days of this zone that the period touches, each with its first instant."""
    begin = beginning_of(period.since.astimezone(zone).date(), zone)
    days = []
    while begin < period.until:
        days.append((begin.astimezone(zone).date(), begin))
        begin = next_local_day(begin, zone)
    return days


def zone_days(period: Period, begins: Sequence[datetime]) -> ZoneDays:
    """For all days that the period touches; ``begins`` are those of ``days_within``."""
    days = period.whole_days()
    midnights = [_nearest_midnight(begin) for begin in begins]
    differences = (sorted(pair) for pair in zip(begins, midnights, strict=True))
    moved = [hour for one, other in differences for hour in _hours_between(one, other)]
    return ZoneDays(begins, midnights, [hour for hour in moved if days.since <= hour < days.until])


def _hours_between(since: datetime, until: datetime) -> Iterator[datetime]:
    """Those that begin from ``since`` on and before ``until``."""
    hour = _hour_from(since)
    while hour < until:
        yield hour
        hour += timedelta(hours=1)


def _nearest_midnight(instant: datetime) -> datetime:
    return _day_of(instant + timedelta(hours=12))


def _hour_from(instant: datetime) -> datetime:
    hour = _hour_of(instant)
    return hour if hour == instant else hour + timedelta(hours=1)


def _hour_of(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _day_of(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _day_from(instant: datetime) -> datetime:
    day = _day_of(instant)
    return day if day == instant else day + timedelta(days=1)
