"""Parked, tried and released against a provider that is another process, with its own code for everything."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from temporalio.client import Client

from domain.parking import PROBE_EVERY
from storage.models import AttemptRow, LeadRow
from telephony.http import provider_http_client
from tests.activities.engine_edge import EngineEdge
from tests.activities.stage import Clock, Stage
from tests.builders import ALWAYS, Sessions, World, add_lead, add_world, reread
from tests.patience import PATIENCE_SECONDS
from tests.telephony.conftest import control, simulator

__all__ = ["control", "simulator"]


@pytest.fixture
def clock() -> Clock:
    return Clock(datetime.now(UTC))


@pytest.fixture
async def world(sessions: Sessions) -> World:
    return await add_world(sessions, windows=ALWAYS, calling_rules="off")


@pytest.fixture
async def stage(sessions: Sessions, clock: Clock, client: Client, simulator: str) -> AsyncIterator[Stage]:
    async with provider_http_client() as http:
        yield Stage(sessions, clock, http, client, simulator)


async def newest_attempt(sessions: Sessions) -> AttemptRow:
    async with sessions() as session:
        return (await session.scalars(select(AttemptRow).order_by(AttemptRow.created_at.desc()).limit(1))).one()


async def newest_attempt_of(sessions: Sessions, lead: LeadRow) -> AttemptRow:
    async with sessions() as session:
        query = select(AttemptRow).where(AttemptRow.lead_id == lead.id).order_by(AttemptRow.number.desc()).limit(1)
        return (await session.scalars(query)).one()


@pytest.mark.parametrize(
    ("fault", "whose", "reason"),
    [
        pytest.param({"status": 402}, "account", "refused_payment", id="unpaid"),
        pytest.param({"status": 422, "message": "Agent not found."}, "campaign", "refused_agent", id="no-agent"),
        pytest.param(
            {"status": 404, "message": "Item not found from phone-number"}, "pool", "refused_caller_id", id="no-number"
        ),
    ],
)
async def test_a_refusal_parks_one_call_each_thirty_seconds_tries_and_the_first_that_rings_releases(
    stage: Stage,
    sessions: Sessions,
    world: World,
    control: httpx.AsyncClient,
    clock: Clock,
    fault: dict[str, Any],
    whose: str,
    reason: str,
) -> None:
    order = {"operation": "create-phone-call", "effect": "error"} | fault
    (await control.post("/faults", json=order)).raise_for_status()
    for place in range(4):
        await add_lead(sessions, world, f"+131255501{place:02}", due_at=clock.now - timedelta(minutes=9 - place))
    await stage.slots.hand_on(world.pool.id, at_most=1)
    await stage.place(await newest_attempt(sessions))
    for _ in range(3):
        assert (await reread(sessions, getattr(world, whose))).parked_reason == reason
        assert await stage.slots.hand_on(world.pool.id) == 0
        clock.now += PROBE_EVERY
        assert await stage.slots.hand_on(world.pool.id) == 1
        await stage.place(await newest_attempt(sessions))
    await control.delete("/faults")
    clock.now += PROBE_EVERY
    await stage.slots.hand_on(world.pool.id)
    through = await newest_attempt(sessions)
    await stage.place(through)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (await reread(sessions, getattr(world, whose))).parked_at is not None:
            await stage.look_up(through.id)
    assert (await reread(sessions, getattr(world, whose))).released_at == clock.now
    assert await stage.slots.hand_on(world.pool.id) > 0
    calls = (await control.get("/calls")).json()
    assert [call["idempotency_key"] for call in calls] == [str(through.id)]
    async with sessions() as session:
        used_up = await session.scalars(select(AttemptRow).where(AttemptRow.counts.is_(True)))
        assert [attempt.id for attempt in used_up if attempt.id != through.id] == []


async def test_a_lead_whose_request_is_refused_for_no_known_reason_is_set_aside_and_parks_nothing(
    stage: Stage, sessions: Sessions, world: World, control: httpx.AsyncClient, clock: Clock
) -> None:
    poisoned = "+13125550101"
    order = {"operation": "create-phone-call", "effect": "error", "status": 400, "message": "Bad."}
    (await control.post("/faults", json=order | {"to_number": poisoned})).raise_for_status()
    good, lead = [
        await add_lead(sessions, world, number, due_at=clock.now - timedelta(minutes=9))
        for number in ("+13125550100", poisoned)
    ]
    for one, pause in ((good, 1), (lead, 36), (lead, 36), (lead, 36)):
        await stage.slots.hand_on(world.pool.id)
        await stage.place(await newest_attempt_of(sessions, one))
        await stage.next_step(one)
        clock.forward(seconds=pause)
    row = await reread(sessions, lead)
    assert (row.status, row.outcome, row.blocked_reason) == ("done", "blocked", "refused_by_provider")
    assert (await reread(sessions, world.campaign)).parked_at is None
    assert [call["to_number"] for call in (await control.get("/calls")).json()] == ["+13125550100"]


async def test_a_provider_that_is_away_is_tried_until_it_is_back(
    sessions: Sessions, world: World, clock: Clock, engine: EngineEdge, stage: Stage, control: httpx.AsyncClient
) -> None:
    """First nobody listens at its address; then it is where it was expected."""
    client = await Client.connect("127.0.0.1:1", lazy=True, interceptors=[engine])
    await add_lead(sessions, world, due_at=clock.now)
    async with provider_http_client() as http:
        away = Stage(sessions, clock, http, client, "http://127.0.0.1:1")
        await away.slots.hand_on(world.pool.id)
        await away.place(await newest_attempt(sessions))
    assert (await reread(sessions, world.account)).parked_reason == "unreachable"
    clock.forward(seconds=5)
    assert await stage.slots.hand_on(world.pool.id) == 1
    await stage.place(await newest_attempt(sessions))
    account = await reread(sessions, world.account)
    assert (account.parked_at, account.released_at) == (None, None)
    assert len((await control.get("/calls")).json()) == 1
