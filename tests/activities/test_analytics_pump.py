"""What happened to calls and leads is counted, corrected, and never counted twice."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, select, text

from activities.analytics_pump import AnalyticsPump
from domain.periods import days_within, whole_hours
from storage import analytics
from storage.analytics import CallSums, LeadSums
from storage.analytics_marks import read_progress, take_turn
from storage.costs import costs_by_day
from storage.models import AnalyticsMarkRow
from tests.activities.counted_calls import OWN_TABLE, asking, drain, inbound, settled
from tests.builders import NOON, Sessions, World, add_attempt_of, add_lead, change


async def calls(sessions: Sessions, world: World) -> CallSums:
    async with sessions() as session:
        return await analytics.calls_in_all(session, asking(world))


async def leads(sessions: Sessions, world: World) -> LeadSums:
    async with sessions() as session:
        return await analytics.leads_in_all(session, asking(world))


async def test_a_settled_call_is_counted_once_however_often_somebody_looks(sessions: Sessions, world: World) -> None:
    await settled(sessions, world, await add_lead(sessions, world, source="form"))
    await drain(sessions)
    await drain(sessions)
    assert await calls(sessions, world) == CallSums(
        calls=1, reached=1, duration_ms=90_000, talk_ms=90_000, cost_cents=Decimal("12.5")
    )
    assert await leads(sessions, world) == LeadSums(leads=1, called=1, reached=1, attempts=1)


async def test_a_call_that_goes_on_is_in_no_figure(sessions: Sessions, world: World) -> None:
    await add_attempt_of(sessions, world, await add_lead(sessions, world), "in_progress", started_at=NOON)
    await drain(sessions)
    assert await calls(sessions, world) == CallSums()
    assert await leads(sessions, world) == LeadSums(leads=1)


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        pytest.param({"disposition": "booked"}, {"succeeded": 1}, id="a-disposition-by-hand"),
        pytest.param({"cost_cents": Decimal(40)}, {"cost_cents": Decimal(40)}, id="a-cost"),
        pytest.param({"duration_ms": 120_000}, {"duration_ms": 120_000, "talk_ms": 120_000}, id="a-duration"),
        pytest.param({"outcome": "voicemail"}, {"reached": 0, "talk_ms": 0}, id="an-outcome"),
        pytest.param({"counts": False}, {"calls": 0, "reached": 0, "refused": 1}, id="that-it-does-not-count"),
    ],
)
async def test_what_comes_later_moves_the_figures(
    sessions: Sessions, world: World, later: dict[str, Any], expected: dict[str, Any]
) -> None:
    attempt = await settled(sessions, world, await add_lead(sessions, world))
    await drain(sessions)
    before = await calls(sessions, world)
    await change(sessions, attempt, **later)
    await drain(sessions)
    assert await calls(sessions, world) == replace(before, **expected)


async def test_a_late_start_moves_the_call_to_its_own_hour(sessions: Sessions, world: World) -> None:
    attempt = await settled(sessions, world, await add_lead(sessions, world))
    await drain(sessions)
    await change(sessions, attempt, started_at=NOON + timedelta(days=1, hours=3))
    await drain(sessions)
    march = whole_hours(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC))
    of_march = replace(asking(world), period=march)
    async with sessions() as session:
        by_day = await costs_by_day(session, of_march, days_within(of_march.period, UTC))
        by_hour = await analytics.calls_by_hour(session, asking(world))
    assert [(of_day.day.isoformat(), of_day.calls) for of_day in by_day] == [("2026-03-03", 1)]
    assert [(hour, sums.calls) for hour, sums in by_hour] == [(24 + 15, 1)]


async def test_the_source_of_a_lead_takes_its_calls_along(sessions: Sessions, world: World) -> None:
    lead = await add_lead(sessions, world, source="form")
    await settled(sessions, world, lead)
    await drain(sessions)
    await change(sessions, lead, source="fair")
    await drain(sessions)
    async with sessions() as session:
        assert [(source, sums.calls) for source, sums in await analytics.calls_by_source(session, asking(world))] == [
            ("fair", 1)
        ]
        assert [(source, sums.leads) for source, sums in await analytics.leads_by_source(session, asking(world))] == [
            ("fair", 1)
        ]


async def test_other_successes_of_a_campaign_hold_for_calls_that_are_over(sessions: Sessions, world: World) -> None:
    await settled(sessions, world, await add_lead(sessions, world), disposition="booked")
    await drain(sessions)
    assert (await calls(sessions, world)).succeeded == 1
    await change(sessions, world.campaign, dispositions=OWN_TABLE)
    await drain(sessions)
    assert (await calls(sessions, world)).succeeded == 0
    assert (await leads(sessions, world)).succeeded == 0


async def test_the_carriers_price_is_that_of_the_day_on_which_the_call_was_counted(
    sessions: Sessions, world: World
) -> None:
    await change(sessions, world.pool, cost_per_minute=Decimal("0.02"))
    attempt = await settled(sessions, world, await add_lead(sessions, world))
    await drain(sessions)
    assert (await calls(sessions, world)).cost_cents == Decimal("15.5")
    await change(sessions, world.pool, cost_per_minute=Decimal(5))
    await change(sessions, attempt, disposition="booked")
    await drain(sessions)
    assert (await calls(sessions, world)).cost_cents == Decimal("15.5")


async def test_calls_that_came_in_are_beside_ours_and_reach_their_lead(sessions: Sessions, world: World) -> None:
    lead = await add_lead(sessions, world)
    await settled(sessions, world, lead, outcome="no_answer", duration_ms=None, cost_cents=None)
    async with sessions.begin() as session:
        session.add(inbound(world, lead, disposition="booked"))
        session.add(inbound(world, None, outcome="voicemail"))
    await drain(sessions)
    assert await calls(sessions, world) == CallSums(
        calls=1, inbound=2, inbound_reached=1, inbound_succeeded=1, duration_ms=60_000, talk_ms=30_000
    )
    assert await leads(sessions, world) == LeadSums(leads=1, called=1, reached=1, succeeded=1, attempts=1)


async def test_a_zone_that_the_database_does_not_know_stops_nobody(sessions: Sessions, world: World) -> None:
    await settled(sessions, world, await add_lead(sessions, world, time_zones=["Nowhere/Land"]))
    await drain(sessions)
    async with sessions() as session:
        assert [hour for hour, _ in await analytics.calls_by_hour(session, asking(world))] == [18]


async def test_a_batch_that_is_broken_off_is_counted_by_the_next_process(sessions: Sessions, world: World) -> None:
    await settled(sessions, world, await add_lead(sessions, world))
    async with sessions.begin() as session:  # whatever breaks in the middle, the marks are there again
        await session.execute(text("alter table lead_sums add constraint broken check (leads < 0)"))
    with pytest.raises(Exception, match="broken"):
        await AnalyticsPump(sessions).catch_up()
    assert await calls(sessions, world) == CallSums()
    async with sessions.begin() as session:
        await session.execute(text("alter table lead_sums drop constraint broken"))
    await drain(sessions)
    assert (await calls(sessions, world)).calls == (await leads(sessions, world)).leads == 1


async def test_two_processes_never_count_the_same(sessions: Sessions, world: World) -> None:
    for place in range(12):
        await settled(sessions, world, await add_lead(sessions, world, f"+131255501{place:02}"))
    await asyncio.gather(*(drain(sessions, batch=2) for _ in range(4)))
    await drain(sessions)
    assert (await calls(sessions, world)).calls == (await leads(sessions, world)).leads == 12


async def test_who_has_not_the_turn_counts_nothing(sessions: Sessions, world: World) -> None:
    await settled(sessions, world, await add_lead(sessions, world))
    async with sessions.begin() as session:
        assert await take_turn(session)
        assert await AnalyticsPump(sessions).catch_up() == 0
    assert await AnalyticsPump(sessions).catch_up() > 0


async def test_as_of_is_no_later_than_what_is_left(sessions: Sessions, world: World) -> None:
    async with sessions() as session:
        assert await read_progress(session) is None
    for place in range(3):
        await add_lead(sessions, world, f"+131255501{place:02}")
    await AnalyticsPump(sessions, batch=1).count_some()
    async with sessions() as session:
        oldest = await session.scalar(select(func.min(AnalyticsMarkRow.noted_at)))
        assert await read_progress(session) == oldest
    await drain(sessions)
    async with sessions() as session:
        assert await session.scalar(select(func.count()).select_from(AnalyticsMarkRow)) == 0
        caught_up = await read_progress(session)
    assert caught_up is not None
    assert oldest is not None
    assert caught_up > oldest
