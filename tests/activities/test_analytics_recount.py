"""Whatever happens to calls and leads, their figures are those of a count by hand."""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import pytz
from sqlalchemy import select

from activities.terms import dispositions_of
from domain.dispositions import is_success
from domain.figures import PERSON_REACHED
from domain.vocabulary import AttemptOutcome
from storage import analytics
from storage.analytics import CallSums
from storage.models import AttemptRow, CampaignRow, InboundCallRow, LeadRow
from tests.activities.counted_calls import OWN_TABLE, asking, drain, inbound, settled
from tests.builders import NOON, Sessions, World, add_campaign, add_lead, add_world, change

ZONES = ("America/Chicago", "Asia/Kolkata", "Pacific/Auckland")
SOURCES = (None, "form", "fair")
DISPOSITIONS = (None, "booked", "interested", "not_interested", "hot")


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
