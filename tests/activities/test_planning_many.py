"""What many leads are planned for at once is what each of them would be told by its own decision."""

import random
from datetime import datetime
from typing import NamedTuple

import pytest
from sqlalchemy import select

from activities.scheduled_times import TimesCheck
from domain.decision import CONTACT_BUSY
from storage.models import LeadRow
from tests.activities.random_worlds import add_person, instant, terms
from tests.activities.stage import Clock, Stage
from tests.builders import Sessions, World, build_campaign, change

PEOPLE = 40


class Times(NamedTuple):
    status: str
    outcome: str | None
    earliest_at: datetime | None
    due_at: datetime | None
    open_until: datetime | None
    waiting_for: str | None


def times_of(lead: LeadRow) -> Times:
    return Times(lead.status, lead.outcome, lead.earliest_at, lead.due_at, lead.open_until, lead.waiting_for)


async def by_its_own_decision(sessions: Sessions, stage: Stage, lead: LeadRow, now: datetime) -> Times:
    """What the lead's own decision would write; nothing is kept of it."""
    async with sessions() as session:
        await stage.decisions.plan(session, lead.id, now=now)
        times = times_of(await session.get_one(LeadRow, lead.id))
        await session.rollback()
    return times


async def add_draft(sessions: Sessions, world: World) -> World:
    """Another campaign of the organisation, whose leads are left alone."""
    campaign = build_campaign(world.organization, world.pool, status="draft")
    async with sessions.begin() as session:
        session.add(campaign)
    return World(world.organization, world.account, world.pool, campaign)


def looks_in_its_hours(lead: LeadRow) -> bool:
    if lead.next_attempt_at is None or lead.due_at is None:
        waits_for = lead.waiting_for or ""
        return lead.status == "done" or waits_for in ("a free slot", CONTACT_BUSY) or "can't ever be" in waits_for
    return lead.next_attempt_at == lead.due_at or (
        lead.open_until is not None and lead.due_at < lead.next_attempt_at < lead.open_until
    )


@pytest.mark.parametrize("seed", range(10))
async def test_all_that_decides_by_chance(
    stage: Stage, sessions: Sessions, world: World, clock: Clock, seed: int
) -> None:
    chance = random.Random(seed)
    clock.now = instant(chance)
    await change(sessions, world.campaign, **terms(chance))
    elsewhere = await add_draft(sessions, world)
    leads = [await add_person(sessions, world, elsewhere, chance, clock.now) for _ in range(PEOPLE)]
    check = TimesCheck(sessions, clock)
    for _ in range(3):
        await change(sessions, world.campaign, replanned_at=clock.now, **terms(chance))
        expected = {lead.id: await by_its_own_decision(sessions, stage, lead, clock.now) for lead in leads}
        await stage.replanning.run_round()
        async with sessions() as session:
            of_campaign = select(LeadRow).where(LeadRow.campaign_id == world.campaign.id)
            rows = (await session.scalars(of_campaign)).all()
        assert {row.id: times_of(row) for row in rows} == expected
        assert await check.check() == 0
        assert all(looks_in_its_hours(row) for row in rows)
        clock.forward(seconds=chance.uniform(0, 2 * 86_400))
