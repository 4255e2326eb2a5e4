"""Who is due and what is live, counted no further than it helps and found by indexes."""

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Select, text
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from storage import standing
from storage.standing import MOST_COUNTED, DueLeads, due_leads, live_now
from tests.builders import (
    NOON,
    Sessions,
    World,
    add_attempt_of,
    add_campaign,
    add_lead,
    add_pool,
    add_world,
)

AGO = NOON - timedelta(minutes=30)
CLOSING = NOON + timedelta(hours=5)
LATER = NOON + timedelta(days=1)

CONTACTS = text(
    "insert into contacts (id, organization_id, phone_number)"
    " select gen_random_uuid(), :organization_id, '+1' || (cast(2000000000 as bigint) + 7919 * n)"
    " from generate_series(1, :people) n"
)
LEADS = text(
    "insert into leads (id, organization_id, campaign_id, contact_id, time_zones, time_zone_source, priority,"
    " custom_fields, status, run, earlier_attempts, due_at, open_until)"
    " select gen_random_uuid(), organization_id, :campaign_id, id, '{UTC}', 'explicit', 3, '{}', 'new', 1, 0,"
    " :due_at, :open_until from contacts where organization_id = :organization_id"
)


CALLS = text(
    "insert into call_facts (id, organization_id, account_id, is_inbound, outcome, is_success, is_reached, counts,"
    " started_at, duration_ms, cost_cents)"
    " select gen_random_uuid(), :organization_id, :account_id, false, 'no_answer', false, false, true,"
    " cast(:noon as timestamptz) - n * interval '1 minute', 0, 0 from generate_series(0, :calls - 1) n"
)


async def due(sessions: Sessions, world: World) -> DueLeads:
    async with sessions() as session:
        return (await due_leads(session, [world.campaign.id], NOON))[world.campaign.id]


async def add_many(session: AsyncSession, world: World, people: int, **times: object) -> None:
    ids = {"organization_id": world.organization.id, "campaign_id": world.campaign.id}
    await session.execute(CONTACTS, ids | {"people": people})
    await session.execute(LEADS, ids | times)


@pytest.mark.parametrize(
    ("lead", "expected"),
    [
        pytest.param({"due_at": AGO, "open_until": CLOSING}, DueLeads(1), id="due"),
        pytest.param({"due_at": NOON, "open_until": None, "priority": 5}, DueLeads(1), id="just-now"),
        pytest.param({"due_at": LATER}, DueLeads(next_at=LATER), id="tomorrow"),
        pytest.param({"due_at": AGO, "open_until": NOON}, DueLeads(), id="its-window-has-closed"),
        pytest.param({"due_at": AGO, "status": "in_progress"}, DueLeads(), id="on-a-call"),
        pytest.param({"due_at": AGO, "status": "done", "outcome": "reached"}, DueLeads(), id="done"),
        pytest.param({"due_at": None}, DueLeads(), id="not-planned-yet"),
    ],
)
async def test_who_is_due_and_when_the_next_will_be(
    sessions: Sessions, lead: dict[str, Any], expected: DueLeads
) -> None:
    world = await add_world(sessions)
    await add_lead(sessions, world, **lead)
    await add_lead(sessions, await add_campaign(sessions, world), "+13125550124", due_at=AGO)
    assert await due(sessions, world) == expected


async def test_all_priorities_are_counted(sessions: Sessions) -> None:
    world = await add_world(sessions)
    for priority in range(1, 6):
        await add_lead(sessions, world, f"+1312555012{priority}", due_at=AGO, priority=priority)
    assert (await due(sessions, world)).count == 5


async def test_of_many_only_so_many_are_counted(sessions: Sessions) -> None:
    world = await add_world(sessions)
    async with sessions.begin() as session:
        await add_many(session, world, MOST_COUNTED, due_at=AGO, open_until=CLOSING)
    assert await due(sessions, world) == DueLeads(MOST_COUNTED)
    await add_lead(sessions, world, due_at=AGO, open_until=CLOSING)
    assert await due(sessions, world) == DueLeads(MOST_COUNTED, is_cut=True)


async def test_who_waits_since_a_window_that_closed_hides_nobody_who_is_due(sessions: Sessions) -> None:
    world = await add_world(sessions)
    async with sessions.begin() as session:
        await add_many(session, world, MOST_COUNTED + 1, due_at=AGO - timedelta(days=1), open_until=AGO)
    await add_lead(sessions, world, due_at=AGO, open_until=CLOSING)
    assert await due(sessions, world) == DueLeads(1, is_cut=True)


async def test_slots_are_counted_under_each_owner_of_one_organisation(sessions: Sessions) -> None:
    world = await add_world(sessions)
    beside = await add_pool(sessions, world)
    stranger = await add_world(sessions)
    for place, where in enumerate((world, world, beside, stranger)):
        await add_attempt_of(sessions, where, await add_lead(sessions, where, f"+1312555013{place}"))
    ended = await add_lead(sessions, world, "+13125550139")
    await add_attempt_of(sessions, world, ended, slot_released_at=NOON)
    async with sessions() as session:
        live = await live_now(session, world.organization.id)
    owners = (world.campaign.id, world.pool.id, beside.campaign.id, beside.pool.id, world.account.id)
    assert (live.outbound, live.inbound) == (3, 0)
    assert [live.under[owner] for owner in owners] == [2, 2, 1, 1, 3]
    assert stranger.campaign.id not in live.under


async def plan_of(session: AsyncSession, query: Select[*tuple[Any, ...]]) -> list[dict[str, Any]]:
    dialect = PGDialect_asyncpg()  # type: ignore[no-untyped-call]  # it has no types there
    compiled = query.compile(dialect=dialect, compile_kwargs={"literal_binds": True})
    written = str(compiled).replace(":", "\\:").replace("%%", "%")
    found = await session.scalar(text(f"explain (analyze, format json) {written}"))
    plan = found if isinstance(found, list) else json.loads(str(found))
    return steps_of(plan[0]["Plan"])


def steps_of(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(step for part in plan.get("Plans", []) for step in steps_of(part))]


async def test_among_many_leads_no_more_are_read_than_are_counted(sessions: Sessions) -> None:
    world = await add_world(sessions)
    async with sessions.begin() as session:
        await add_many(session, world, 30_000, due_at=AGO, open_until=CLOSING)
        await session.execute(text("analyze leads, campaigns"))
    async with sessions() as session:
        for query in (standing.due_counts([world.campaign.id], NOON), standing.next_dues([world.campaign.id], NOON)):
            steps = await plan_of(session, query)
            of_leads = [step for step in steps if step.get("Relation Name") == "leads"]
            assert {step.get("Index Name") for step in of_leads} == {"ix_leads_due"}
            assert all(step["Actual Rows"] <= MOST_COUNTED + 1 for step in of_leads)


async def test_of_many_calls_only_those_of_the_day_are_read(sessions: Sessions) -> None:
    world = await add_world(sessions)
    midnight = NOON - timedelta(hours=12)
    owner = {"organization_id": world.organization.id, "account_id": world.account.id}
    async with sessions.begin() as session:
        await session.execute(CALLS, owner | {"noon": NOON, "calls": 30_000})
        await session.execute(text("analyze call_facts"))
    async with sessions() as session:
        (told,) = await standing.calls_since(session, world.organization.id, midnight)
        steps = await plan_of(session, standing.outcomes_since(world.organization.id, midnight))
    assert told == ("no_answer", False, True, 12 * 60 + 1)
    of_calls = [step for step in steps if "Index Name" in step or step.get("Relation Name") == "call_facts"]
    assert {step["Index Name"] for step in of_calls if "Index Name" in step} == {
        "ix_call_facts_organization_id_started_at"
    }
    assert all(step["Actual Rows"] == told.calls for step in of_calls)
