"""What happened to calls and leads is counted, corrected, and never counted twice."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytz
from sqlalchemy import func, select, text

from activities.analytics_pump import AnalyticsPump
from activities.terms import dispositions_of
from domain.dispositions import is_success
from domain.figures import PERSON_REACHED
from domain.periods import days_within, whole_hours
from domain.vocabulary import AttemptOutcome
from storage import analytics
from storage.analytics import Asked, CallSums, LeadSums
from storage.analytics_marks import read_progress, take_turn
from storage.models import AnalyticsMarkRow, AttemptRow, CampaignRow, InboundCallRow, LeadRow
from tests.builders import NOON, Sessions, World, add_attempt_of, add_campaign, add_lead, add_world, change

ZONES = ("America/Chicago", "Asia/Kolkata", "Pacific/Auckland")
SOURCES = (None, "form", "fair")
DISPOSITIONS = (None, "booked", "interested", "not_interested", "hot")
OWN_TABLE = [{"name": "hot", "then": "stop", "success": True}, {"name": "booked", "then": "stop", "success": False}]


async def drain(sessions: Sessions, batch: int = 5_000) -> None:
    pump = AnalyticsPump(sessions, batch=batch)
    while await pump.catch_up():
        pass


def asking(world: World, campaign_id: UUID | None = None, *, since: datetime | None = None) -> Asked:
    return Asked(organization_id=world.organization.id, period=whole_hours(since, None), campaign_id=campaign_id)


async def calls(sessions: Sessions, world: World) -> CallSums:
    async with sessions() as session:
        return await analytics.calls_in_all(session, asking(world))


async def leads(sessions: Sessions, world: World) -> LeadSums:
    async with sessions() as session:
        return await analytics.leads_in_all(session, asking(world))


async def settled(sessions: Sessions, world: World, lead: LeadRow, **columns: object) -> AttemptRow:
    values: dict[str, Any] = {
        "outcome": "answered",
        "counts": True,
        "started_at": NOON,
        "settled_at": NOON,
        "slot_released_at": NOON,
        "duration_ms": 90_000,
        "cost_cents": Decimal("12.5"),
        "agent_id": "agent_1",
        "agent_version": 3,
    }
    return await add_attempt_of(sessions, world, lead, "done", **(values | columns))


def inbound(world: World, lead: LeadRow | None, **columns: object) -> InboundCallRow:
    values: dict[str, Any] = {
        "call_id": f"call_{uuid4()}",
        "status": "done",
        "outcome": "answered",
        "started_at": NOON,
        "duration_ms": 30_000,
    }
    if lead is not None:
        values |= {"lead_id": lead.id, "contact_id": lead.contact_id, "campaign_id": lead.campaign_id}
    return InboundCallRow(
        id=uuid4(), organization_id=world.organization.id, account_id=world.account.id, **(values | columns)
    )


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
        by_day = await analytics.calls_by_day(session, of_march, days_within(of_march.period, UTC))
        by_hour = await analytics.calls_by_hour(session, asking(world))
    assert [(day.isoformat(), sums.calls) for day, _, sums in by_day] == [("2026-03-03", 1)]
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


class Dice:
    """Random lives of leads, and their figures counted by hand."""

    def __init__(self, seed: int, sessions: Sessions, worlds: Sequence[World]) -> None:
        self._random = random.Random(seed)
        self._sessions = sessions
        self._worlds = worlds
        self._place = 0

    def instant(self) -> datetime:
        return NOON + timedelta(minutes=self._random.randrange(-4_000, 4_000))

    def told(self) -> dict[str, Any]:
        pick = self._random.choice
        return {
            "outcome": pick(list(AttemptOutcome)).value,
            "disposition": pick(DISPOSITIONS),
            "started_at": self.instant(),
            "duration_ms": pick([None, 1_000, 61_234]),
            "cost_cents": pick([None, Decimal("7.25"), Decimal(11)]),
            "agent_id": pick(["agent_1", "agent_2"]),
            "agent_version": pick([None, 1, 2]),
        }

    async def add(self) -> None:
        pick, world = self._random.choice, self._random.choice(self._worlds)
        self._place += 1
        lead = await add_lead(
            self._sessions,
            world,
            f"+1312555{self._place:04}",
            source=pick(SOURCES),
            time_zones=[pick(ZONES)],
            created_at=self.instant(),
        )
        for number in range(1, self._random.randrange(5)):
            await settled(self._sessions, world, lead, number=number, counts=pick([True, True, False]), **self.told())
        if pick([True, False]):
            async with self._sessions.begin() as session:
                session.add(inbound(world, lead, **self.told()))

    async def correct(self) -> None:
        async with self._sessions() as session:
            rows = [*await session.scalars(select(AttemptRow)), *await session.scalars(select(InboundCallRow))]
            people = (await session.scalars(select(LeadRow))).all()
        for row in self._random.sample(rows, k=len(rows) // 2):
            told = self.told()
            await change(self._sessions, row, **{name: told[name] for name in self._random.sample(sorted(told), k=3)})
        for lead in self._random.sample(list(people), k=len(people) // 2):
            outcome = self._random.choice(["reached", "max_attempts_reached"])
            source = self._random.choice(SOURCES)
            await change(self._sessions, lead, status="done", outcome=outcome, source=source)


async def recount(sessions: Sessions, world: World, since: datetime) -> dict[str, Any]:
    """The same figures from the rows themselves, in plain Python."""
    async with sessions() as session:
        campaigns = {one.id: one for one in await session.scalars(select(CampaignRow))}
        people = {one.id: one for one in await session.scalars(select(LeadRow))}
        ours = list(await session.scalars(select(AttemptRow)))
        theirs = list(await session.scalars(select(InboundCallRow)))
    mine = world.organization.id

    def succeeded(call: AttemptRow | InboundCallRow) -> bool:
        return is_success(call.disposition, dispositions_of(campaigns[call.campaign_id]))  # type: ignore[index]

    def reached(call: AttemptRow | InboundCallRow) -> bool:
        return call.outcome in PERSON_REACHED

    def local_hour(call: AttemptRow) -> int:
        assert call.started_at is not None
        shown = call.started_at.astimezone(pytz.timezone(people[call.lead_id].time_zones[0]))
        return shown.weekday() * 24 + shown.hour

    all_of_us = [one for one in ours if one.organization_id == mine]
    all_of_them = [one for one in theirs if one.organization_id == mine]
    every: list[AttemptRow | InboundCallRow] = [*all_of_us, *all_of_them]
    recent = [one for one in every if one.started_at and one.started_at >= since]
    counted = [one for one in recent if isinstance(one, AttemptRow) and one.counts]
    rang_in = [one for one in recent if isinstance(one, InboundCallRow)]
    new = [lead for lead in people.values() if lead.organization_id == mine and lead.created_at >= since]
    firsts = []
    for lead in new:
        of_lead = sorted(
            (one for one in all_of_us if one.lead_id == lead.id and one.counts), key=lambda one: one.number
        )
        firsts += [place for place, one in enumerate(of_lead, 1) if reached(one)][:1]
    return {
        "calls": CallSums(
            calls=len(counted),
            reached=sum(map(reached, counted)),
            succeeded=sum(map(succeeded, counted)),
            refused=sum(isinstance(one, AttemptRow) and not one.counts for one in recent),
            inbound=len(rang_in),
            inbound_reached=sum(map(reached, rang_in)),
            inbound_succeeded=sum(map(succeeded, rang_in)),
            duration_ms=sum(one.duration_ms or 0 for one in recent),
            talk_ms=sum(one.duration_ms or 0 for one in recent if reached(one)),
            cost_cents=sum((one.cost_cents or Decimal(0) for one in recent), Decimal(0)),
        ),
        "hours": sorted(Counter(map(local_hour, counted)).items()),
        "agents": Counter((one.agent_id, one.agent_version) for one in counted),
        "sources": Counter(people[one.lead_id].source or "" for one in counted),
        "outcomes": Counter(lead.outcome or "" for lead in new),
        "reach": sorted(Counter(firsts).items()),
        "called": sum(any(one.lead_id == lead.id and one.counts for one in all_of_us) for lead in new),
    }


async def figures(sessions: Sessions, world: World, since: datetime) -> dict[str, Any]:
    asked = asking(world, since=since)
    async with sessions() as session:
        return {
            "calls": await analytics.calls_in_all(session, asked),
            "hours": [(hour, sums.calls) for hour, sums in await analytics.calls_by_hour(session, asked)],
            "agents": Counter(
                {
                    (agent, version): sums.calls
                    for agent, version, sums in await analytics.calls_by_agent(session, asked)
                    if sums.calls
                }
            ),
            "sources": Counter(
                {source: sums.calls for source, sums in await analytics.calls_by_source(session, asked) if sums.calls}
            ),
            "outcomes": Counter(dict(await analytics.leads_by_outcome(session, asked))),
            "reach": list(await analytics.leads_by_attempts_to_reach(session, asked)),
            "called": (await analytics.leads_in_all(session, asked)).called,
        }


EARLY = datetime(2026, 1, 1, tzinfo=UTC)
IN_THE_MIDDLE = datetime(2026, 3, 1, 5, tzinfo=UTC)


@pytest.mark.parametrize("seed", range(3))
async def test_figures_are_those_of_a_recount_whatever_happened_in_whatever_order(
    sessions: Sessions, world: World, seed: int
) -> None:
    other = await add_world(sessions)
    dice = Dice(seed, sessions, [world, await add_campaign(sessions, world, dispositions=OWN_TABLE), other])
    steps: list[Callable[[], Any]] = [dice.add] * 15 + [dice.correct] + [dice.add] * 5 + [dice.correct]
    for place, step in enumerate(steps):
        await step()
        if place % 4 == 0:
            await drain(sessions, batch=1 + place)
    await drain(sessions)
    for whose in (world, other):
        for since in (EARLY, IN_THE_MIDDLE):
            assert await figures(sessions, whose, since) == await recount(sessions, whose, since)
