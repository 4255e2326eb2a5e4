"""Leads whose times hold no more are found by indexes, however many others wait."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from storage.appointments import take_place, take_places
from storage.models import LeadRow
from storage.replanning import (
    CampaignToPlan,
    Plan,
    WaitingLead,
    campaigns_to_plan,
    lock_campaign_to_plan,
    lock_leads_with_calls,
    lock_waiting_leads,
    plan_again,
    write_plans,
)
from storage.scheduled_times import nearest_times, times_after
from tests.builders import NOON, Sessions, World, add_attempt_of, add_lead, add_world, change, reread

AGO = NOON - timedelta(minutes=30)
YESTERDAY = NOON - timedelta(days=1)
TOMORROW = NOON + timedelta(days=1)
CLOSING = NOON + timedelta(hours=5)

MANY = """
insert into leads (id, organization_id, campaign_id, contact_id, time_zones, time_zone_source, custom_fields, priority,
                   status, run, earlier_attempts, earliest_at, due_at, open_until, planned_at, handed_over_at)
select gen_random_uuid(), organization_id, campaign_id, contact_id, time_zones, time_zone_source, custom_fields, 3,
       status, run, earlier_attempts, :due_at, :due_at, :open_until, :planned_at, handed_over_at
from leads, generate_series(1, :number) where id = :like
"""

MANY_CALLS = """
insert into interaction_attempts (id, organization_id, lead_id, contact_id, campaign_id, number_pool_id, account_id,
                                  number, from_number, status, outcome, not_before, not_after, created_at,
                                  slot_released_at)
select gen_random_uuid(), organization_id, :like, contact_id, campaign_id, :pool_id, :account_id,
       number, '+12125550101', 'done', 'no_answer', :at, :at, :at, :at
from leads, generate_series(1, 20000) as number where id = :like
"""

READ = """
select sum(seq_tup_read), sum(idx_tup_fetch) from pg_stat_xact_user_tables
where relname in ('leads', 'interaction_attempts')
"""


async def waiting(sessions: Sessions, world: World) -> Sequence[WaitingLead]:
    async with sessions.begin() as session:
        owners = await lock_campaign_to_plan(session, world.campaign.id)
        assert owners is not None
        return await lock_waiting_leads(session, owners.campaign, NOON, calls_since=YESTERDAY, limit=100)


async def add_crowd(sessions: Sessions, world: World) -> LeadRow:
    """Twelve thousand stand in the queue now and twice as many wait for tomorrow, all rightly; another was called."""
    lead = await add_lead(sessions, world, due_at=AGO, open_until=CLOSING, planned_at=NOON)
    called = await add_lead(sessions, world, "+13125550999", due_at=TOMORROW, open_until=TOMORROW, planned_at=NOON)
    right = {"planned_at": NOON, "open_until": CLOSING, "like": lead.id}
    async with sessions.begin() as session:
        await session.execute(text(MANY), right | {"number": 12_000, "due_at": AGO})
        await session.execute(text(MANY), right | {"number": 24_000, "due_at": TOMORROW, "open_until": TOMORROW})
        ids = {"like": called.id, "pool_id": world.pool.id, "account_id": world.account.id}
        await session.execute(text(MANY_CALLS), ids | {"at": YESTERDAY})
    async with sessions.begin() as session:
        await session.execute(text("analyze leads, interaction_attempts, contacts"))
    return lead


@pytest.mark.parametrize(
    "stale",
    [
        pytest.param({"planned_at": AGO, "open_until": CLOSING}, id="planned-before-the-campaign-changed"),
        pytest.param({"planned_at": None, "open_until": CLOSING}, id="to-be-planned-anew"),
        pytest.param({"planned_at": NOON, "open_until": AGO}, id="its-window-went-by"),
    ],
)
async def test_a_few_among_many_are_read_and_nobody_else(sessions: Sessions, stale: dict[str, object]) -> None:
    world = await add_world(sessions, replanned_at=NOON)
    lead = await add_crowd(sessions, world)
    async with sessions.begin() as session:
        await session.execute(text(MANY), stale | {"number": 50, "due_at": AGO, "like": lead.id})
    async with sessions.begin() as session:
        before = (await session.execute(text(READ))).one()
        assert await campaigns_to_plan(session, NOON) == [CampaignToPlan(world.campaign.id, world.pool.id)]
        owners = await lock_campaign_to_plan(session, world.campaign.id)
        assert owners is not None
        leads = await lock_waiting_leads(session, owners.campaign, NOON, calls_since=YESTERDAY, limit=2_000)
        after = (await session.execute(text(READ))).one()
    in_order, by_index = (late - early for early, late in zip(before, after, strict=True))
    assert (len(leads), in_order, by_index < 500) == (50, 0, True)


async def test_the_times_that_come_next_are_read_from_indexes(sessions: Sessions) -> None:
    world = await add_world(sessions, replanned_at=NOON)
    await add_crowd(sessions, world)
    async with sessions.begin() as session:
        before = (await session.execute(text(READ))).one()
        nearest = await nearest_times(session, NOON, of_each=100, limit=100)
        in_turn, last = await times_after(session, UUID(int=0), NOON, limit=100)
        after = (await session.execute(text(READ))).one()
    in_order, by_index = (late - early for early, late in zip(before, after, strict=True))
    assert (len(nearest), len(in_turn), last is None) == (100, 100, False)
    assert (in_order, by_index < 1_000) == (0, True)


async def test_all_leads_have_their_turn_by_their_ids(sessions: Sessions) -> None:
    world = await add_world(sessions)
    for place in range(5):
        await add_lead(sessions, world, f"+1312555010{place}", open_until=CLOSING, planned_at=NOON)
    seen, last = [], UUID(int=0)
    async with sessions() as session:
        for _ in range(3):
            times, following = await times_after(session, last, NOON, limit=2)
            seen += [one.lead_id for one in times]
            last = following or UUID(int=0)
    assert (len(set(seen)), last) == (5, UUID(int=0))


@pytest.mark.parametrize(
    ("columns", "untouched"),
    [
        pytest.param({}, True, id="never-called"),
        pytest.param({"cancelled_at": NOON}, False, id="cancelled"),
    ],
)
async def test_who_is_like_others(sessions: Sessions, columns: dict[str, Any], untouched: bool) -> None:
    world = await add_world(sessions)
    await add_lead(sessions, world, planned_at=None, **columns)
    assert [lead.is_untouched for lead in await waiting(sessions, world)] == [untouched]


async def test_those_called_ahead_come_first_and_then_who_is_due_next(sessions: Sessions) -> None:
    world = await add_world(sessions)
    ahead = {"due_at": TOMORROW, "called_ahead_at": NOON}
    every: list[dict[str, Any]] = [{"due_at": NOON}, {"due_at": None}, {"due_at": YESTERDAY}, ahead]
    for place, columns in enumerate(every):
        await add_lead(sessions, world, f"+1312555010{place}", planned_at=None, **columns)
    assert [lead.due_at for lead in await waiting(sessions, world)] == [TOMORROW, YESTERDAY, NOON, None]


async def test_a_lead_whose_attempt_is_still_open_is_left_out(sessions: Sessions) -> None:
    world = await add_world(sessions)
    lead = await add_lead(sessions, world, planned_at=None)
    await add_attempt_of(sessions, world, lead, "in_progress")
    await change(sessions, lead, status="new")
    async with sessions.begin() as session:
        owners = await lock_campaign_to_plan(session, world.campaign.id)
        assert owners is not None
        assert await lock_leads_with_calls(session, owners, [lead.id], NOON) == []


async def test_plans_are_written_as_they_are(sessions: Sessions) -> None:
    world = await add_world(sessions)
    leads = [await add_lead(sessions, world, f"+1312555010{place}") for place in range(3)]
    plans = [
        Plan(leads[0].id, NOON, TOMORROW, CLOSING, TOMORROW, "first"),
        Plan(leads[1].id, AGO, AGO, None, None, "second"),
    ]
    async with sessions.begin() as session:
        await write_plans(session, plans, planned_at=NOON)
        await write_plans(session, [], planned_at=NOON)
    for lead, plan in zip(leads, plans, strict=False):
        row = await reread(sessions, lead)
        written = Plan(
            row.id,
            row.earliest_at or NOON,
            row.due_at or NOON,
            row.open_until,
            row.next_attempt_at,
            row.waiting_for or "",
        )
        assert (written, row.planned_at) == (plan, NOON)
    assert (await reread(sessions, leads[2])).planned_at is None
    async with sessions.begin() as session:
        await plan_again(session, [leads[0].id])
    assert (await reread(sessions, leads[0])).planned_at is None


async def test_places_at_an_opening_are_given_out_once(sessions: Sessions) -> None:
    world = await add_world(sessions)
    async with sessions.begin() as session:
        assert await take_place(session, world.pool.id, TOMORROW) == 0
        assert await take_places(session, world.pool.id, TOMORROW, 3) == range(1, 4)
        assert await take_place(session, world.pool.id, TOMORROW) == 4
        assert await take_places(session, world.pool.id, NOON, 2) == range(2)
