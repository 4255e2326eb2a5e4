"""Stretches of time that figures are asked for, and from which sums of theirs they are put together."""

from collections.abc import Sequence
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

    def spans(self) -> Sequence[Span]:
        """Whole days where there are any, and the hours at both ends."""
        first_day, last_day = _day_from(self.since), _day_of(self.until)
        if first_day >= last_day:
            return [Span("hour", self.since, self.until)]
        parts = [
            Span("hour", self.since, first_day),
            Span("day", first_day, last_day),
            Span("hour", last_day, self.until),
        ]
        return [part for part in parts if part.since < part.until]

    def hours(self) -> Sequence[Span]:
        """Hours only, for days that don't begin where those of UTC do."""
        return [Span("hour", self.since, self.until)]


def whole_hours(since: datetime | None, until: datetime | None) -> Period:
    """The period, widened to full hours of UTC; without a beginning or an end it is bounded by nothing."""
    begin = BEGINNING if since is None else _hour_of(max(since, BEGINNING))
    end = END if until is None else min(until, END)
    return Period(begin, _hour_of(end) if _hour_of(end) == end else _hour_of(end) + timedelta(hours=1))


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


def _hour_of(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _day_of(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _day_from(instant: datetime) -> datetime:
    day = _day_of(instant)
    return day if day == instant else day + timedelta(days=1)
