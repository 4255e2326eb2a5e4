"""What calls cost by day: put together from days of UTC and a few hours, it is what the hours alone come to."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
import pytz

from domain.periods import Period, days_within
from storage.analytics import Asked, calls_by_agent
from storage.costs import costs_by_day
from storage.models import CallSumRow
from storage.summing import NOBODY
from tests.builders import Sessions
from tests.storage.any_row import any_row

FIRST = datetime(2026, 3, 6, tzinfo=UTC)  # Chicago's clocks change on the 8th
DAYS = 5
ORGANIZATION, CAMPAIGN = uuid4(), uuid4()
HOURS = [FIRST + timedelta(hours=place) for place in range(24 * DAYS)]
AGENTS = ("agent_1", "agent_2")
SUMMED = [(UUID(campaign), agent) for campaign in (str(CAMPAIGN), NOBODY) for agent in AGENTS]


def worth(hour: datetime) -> int:
    return HOURS.index(hour) + 1


async def add_sums(sessions: Sessions) -> None:
    """Each hour's calls are told by its place, for two agents of one campaign and of none."""
    rows = []
    for campaign_id, agent in SUMMED:
        for hour in HOURS:
            rows.append(sum_row("hour", hour, worth(hour), campaign_id, agent))
            if hour.hour == 0:
                of_day = sum(worth(hour + timedelta(hours=later)) for later in range(24))
                rows.append(sum_row("day", hour, of_day, campaign_id, agent))
    async with sessions.begin() as session:
        session.add_all(rows)


def sum_row(grain: str, begins_at: datetime, calls: int, campaign_id: UUID, agent: str) -> CallSumRow:
    values = any_row(
        CallSumRow.__table__,  # type: ignore[arg-type]  # a table it is
        organization_id=ORGANIZATION,
        dimension="agent",
        grain=grain,
        begins_at=begins_at,
        campaign_id=campaign_id,
        key=agent,
        number=1,
        calls=calls,
        duration_ms=calls * 1_000,
        cost_cents=Decimal(calls) / 4,
    )
    return CallSumRow(**values)


def by_hours(period: Period, zone: str) -> Mapping[date, int]:
    days: defaultdict[date, int] = defaultdict(int)
    begins = days_within(period, pytz.timezone(zone))
    for hour in HOURS:
        if period.since <= hour < period.until:
            days[max(day for day, begin in begins if begin <= hour)] += worth(hour) * len(AGENTS)
    return days


@pytest.mark.parametrize("zone", ["UTC", "America/Chicago", "Asia/Kolkata", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
@pytest.mark.parametrize(
    ("after", "before"),
    [
        pytest.param(0, 0, id="all"),
        pytest.param(5, 7, id="hours-at-both-ends"),
        pytest.param(30, 80, id="no-whole-day"),
        pytest.param(23, 1, id="whole-days-nearly"),
    ],
)
async def test_days_of_a_zone_come_to_what_their_hours_do(
    sessions: Sessions, zone: str, after: int, before: int
) -> None:
    await add_sums(sessions)
    period = Period(FIRST + timedelta(hours=after), FIRST + timedelta(days=DAYS, hours=-before))
    expected = by_hours(period, zone)
    for campaign_id, owners in ((None, {CAMPAIGN, None}), (CAMPAIGN, {CAMPAIGN})):
        asked = Asked(organization_id=ORGANIZATION, period=period, campaign_id=campaign_id)
        async with sessions() as session:
            found = await costs_by_day(session, asked, days_within(period, pytz.timezone(zone)))
        for owner in owners:
            of_owner = [one for one in found if one.campaign_id == owner]
            assert {one.day: one.calls for one in of_owner} == expected
            assert {one.day: one.duration_ms for one in of_owner} == {d: calls * 1_000 for d, calls in expected.items()}
            assert {one.day: one.cost_cents for one in of_owner} == {d: Decimal(n) / 4 for d, n in expected.items()}
        assert {one.campaign_id for one in found} == owners


async def test_days_on_which_nothing_was_called_are_left_out(sessions: Sessions) -> None:
    await add_sums(sessions)
    period = Period(FIRST - timedelta(days=9), FIRST)
    asked = Asked(organization_id=ORGANIZATION, period=period, campaign_id=None)
    async with sessions() as session:
        assert await costs_by_day(session, asked, days_within(period, UTC)) == []


async def test_an_empty_period_comes_to_nothing(sessions: Sessions) -> None:
    await add_sums(sessions)
    asked = Asked(organization_id=ORGANIZATION, period=Period(FIRST, FIRST), campaign_id=None)
    async with sessions() as session:
        assert await calls_by_agent(session, asked) == []
        assert await costs_by_day(session, asked, []) == []
