"""Where a lead stands in its pool's queue, and how fast that moves."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from storage.models import AccountRow, LeadRow, NumberPoolRow, OrganizationRow
from storage.queue_position import queue_of
from tests.builders import (
    NOON,
    Sessions,
    World,
    add_attempt_of,
    add_lead,
    add_world,
    build_campaign,
    change,
)

AGO = NOON - timedelta(minutes=30)
CLOSING = NOON + timedelta(hours=5)


async def before(sessions: Sessions, lead: LeadRow) -> int:
    async with sessions() as session:
        queue = await queue_of(session, await session.get_one(LeadRow, lead.id), NOON)
    assert queue is not None
    return queue.before


async def add_others(sessions: Sessions, world: World, *columns: dict[str, Any]) -> None:
    for place, values in enumerate(columns):
        await add_lead(sessions, world, f"+1312555{place:04}", **({"due_at": AGO, "open_until": CLOSING} | values))


@pytest.mark.parametrize(
    ("other", "goes_first"),
    [
        pytest.param({"due_at": AGO - timedelta(seconds=1)}, True, id="due-longer"),
        pytest.param({"due_at": AGO + timedelta(seconds=1)}, False, id="due-later"),
        pytest.param({"due_at": NOON - timedelta(seconds=1), "priority": 2}, True, id="more-important"),
        pytest.param({"due_at": AGO - timedelta(days=1), "priority": 4}, False, id="less-important"),
        pytest.param({"due_at": NOON, "priority": 5, "called_ahead_at": NOON}, True, id="called-ahead"),
        pytest.param({"due_at": NOON + timedelta(seconds=1), "priority": 1}, False, id="not-due-yet"),
        pytest.param({"due_at": None, "priority": 1}, False, id="not-planned-yet"),
        pytest.param({"priority": 1, "status": "in_progress"}, False, id="on-a-call"),
        pytest.param({"priority": 1, "status": "done", "outcome": "reached"}, False, id="done"),
        pytest.param({"priority": 1, "open_until": NOON}, False, id="its-window-has-closed"),
    ],
)
async def test_who_goes_first(sessions: Sessions, other: dict[str, Any], goes_first: bool) -> None:
    world = await add_world(sessions)
    lead = await add_lead(sessions, world, due_at=AGO, open_until=CLOSING)
    await add_others(sessions, world, other)
    assert await before(sessions, lead) == (1 if goes_first else 0)


async def test_among_those_called_ahead_priority_and_due_time_decide(sessions: Sessions) -> None:
    world = await add_world(sessions)
    lead = await add_lead(sessions, world, due_at=AGO, priority=3, called_ahead_at=NOON)
    await add_others(
        sessions,
        world,
        {"priority": 1},
        {"priority": 2, "called_ahead_at": NOON},
        {"due_at": AGO - timedelta(hours=1), "called_ahead_at": NOON},
        {"due_at": NOON, "called_ahead_at": NOON},
    )
    assert await before(sessions, lead) == 2


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        pytest.param({}, 1, id="running"),
        pytest.param({"status": "paused"}, 0, id="paused"),
        pytest.param({"parked_at": NOON, "parked_reason": "x"}, 0, id="parked"),
    ],
)
async def test_leads_of_the_pools_other_campaigns_count_while_these_run(
    sessions: Sessions, columns: dict[str, Any], expected: int
) -> None:
    world = await add_world(sessions)
    lead = await add_lead(sessions, world, due_at=AGO)
    other = build_campaign(world.organization, world.pool, **columns)
    async with sessions.begin() as session:
        session.add(other)
    await add_others(sessions, World(world.organization, world.account, world.pool, other), {"priority": 1})
    assert await before(sessions, lead) == expected


async def test_leads_of_other_pools_do_not_count(sessions: Sessions) -> None:
    world, elsewhere = await add_world(sessions), await add_world(sessions)
    lead = await add_lead(sessions, world, due_at=AGO)
    await add_others(sessions, elsewhere, {"priority": 1})
    assert await before(sessions, lead) == 0


@pytest.mark.parametrize(
    ("what", "columns"),
    [
        pytest.param("campaign", {"status": "paused"}, id="paused"),
        pytest.param("campaign", {"parked_at": NOON}, id="campaign-parked"),
        pytest.param("pool", {"parked_at": NOON}, id="pool-parked"),
        pytest.param("account", {"parked_at": NOON}, id="account-parked"),
        pytest.param("organization", {"stopped_at": NOON}, id="stopped"),
    ],
)
async def test_where_nobody_is_called_there_is_no_queue(sessions: Sessions, what: str, columns: dict[str, Any]) -> None:
    world = await add_world(sessions)
    lead = await add_lead(sessions, world, due_at=AGO)
    row: AccountRow | NumberPoolRow | OrganizationRow = getattr(world, what)
    await change(sessions, row, **columns)
    async with sessions() as session:
        assert await queue_of(session, await session.get_one(LeadRow, lead.id), NOON) is None


async def test_calls_that_ended_lately_tell_how_fast_the_queue_moves(sessions: Sessions) -> None:
    world = await add_world(sessions)
    lead = await add_lead(sessions, world, "+13125550999", due_at=AGO)
    ends = [(3, 2, True), (4, 1, True), (4, 1, False), (14, 11, True)]  # minutes ago: began, ended; did it count
    for place, (began, ended, counts) in enumerate(ends):
        called = await add_lead(sessions, world, f"+131255501{place:02}")
        await add_attempt_of(
            sessions,
            world,
            called,
            "done",
            created_at=NOON - timedelta(minutes=began),
            slot_released_at=NOON - timedelta(minutes=ended),
            outcome="answered" if counts else "refused",
            counts=counts,
        )
    async with sessions() as session:
        queue = await queue_of(session, await session.get_one(LeadRow, lead.id), NOON)
    assert queue is not None
    assert (queue.calls_ended, queue.ended_within) == (2, timedelta(minutes=4))
    assert (queue.live_calls, queue.calls_per_second) == (20, 10.0)


MANY = """
insert into leads (id, organization_id, campaign_id, contact_id, time_zones, time_zone_source, custom_fields, priority,
                   status, run, earlier_attempts, due_at, open_until, handed_over_at)
select gen_random_uuid(), organization_id, campaign_id, contact_id, time_zones, time_zone_source, custom_fields, 1,
       status, run, earlier_attempts, :due_at, :open_until, handed_over_at
from leads, generate_series(1, :number) where id = :like
"""

MANY_CALLS = """
insert into interaction_attempts (id, organization_id, lead_id, contact_id, campaign_id, number_pool_id, account_id,
                                  number, from_number, status, outcome, not_before, not_after, created_at,
                                  slot_released_at)
select gen_random_uuid(), organization_id, :lead_id, contact_id, campaign_id, :pool_id, :account_id,
       number, '+12125550101', 'done', 'no_answer', :at, :at, :at, :at
from leads, generate_series(1, 5000) as number where id = :lead_id
"""

READ = """
select sum(seq_tup_read), sum(idx_tup_fetch) from pg_stat_xact_user_tables
where relname in ('leads', 'interaction_attempts')
"""


async def test_a_long_queue_is_counted_from_indexes(sessions: Sessions) -> None:
    """Twelve thousand wait now, twice as many for tomorrow, and thousands were called: no table is read as a whole."""
    world = await add_world(sessions)
    lead = await add_lead(sessions, world, due_at=AGO, open_until=CLOSING)
    yesterday, tomorrow = NOON - timedelta(days=1), NOON + timedelta(days=1)
    ids = {"lead_id": lead.id, "pool_id": world.pool.id, "account_id": world.account.id}
    async with sessions.begin() as session:
        due = {"number": 12_000, "due_at": AGO, "open_until": CLOSING, "like": lead.id}
        await session.execute(text(MANY), due)
        await session.execute(text(MANY), due | {"number": 24_000, "due_at": tomorrow})
        await session.execute(text(MANY_CALLS), ids | {"at": yesterday})
    async with sessions.begin() as session:
        await session.execute(text("analyze leads, interaction_attempts"))
    async with sessions() as session:
        before_it = (await session.execute(text(READ))).one()
        queue = await queue_of(session, lead, NOON)
        after_it = (await session.execute(text(READ))).one()
    assert queue is not None
    assert (queue.before, queue.calls_ended) == (12_000, 0)
    in_order, by_index = (after - before for before, after in zip(before_it, after_it, strict=True))
    assert (in_order, by_index < 12_100) == (0, True)
