"""People ring where no webhook can arrive: their calls are found all the same, once, at a real simulator."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select, update
from temporalio.client import Client

from activities.following_calls import CallFollowing
from storage.models import CallerIdRow, FollowedAccountRow, InboundCallRow, LeadRow, WebhookEventRow
from telephony.http import provider_http_client
from tests.activities.engine_edge import EngineEdge
from tests.activities.test_following_calls import EVERY, Following, refuse_to_write
from tests.activities.webhooks import take
from tests.builders import ALWAYS, Sessions, World, add_lead, add_pool, add_world, change, reread
from tests.patience import PATIENCE_SECONDS
from tests.telephony.conftest import control, simulator

__all__ = ["control", "simulator"]

CALLER = "+13125550123"
OURS = "+12125550101"


@pytest.fixture
async def world(sessions: Sessions) -> World:
    return await add_world(sessions, windows=ALWAYS, calling_rules="off")


@pytest.fixture
async def stage(sessions: Sessions, client: Client, simulator: str) -> AsyncIterator[Following]:
    async with provider_http_client() as http:
        yield Following(sessions, http, client, simulator)


@pytest.fixture
async def lead(stage: Following, sessions: Sessions, world: World) -> LeadRow:
    """Somebody whose calls are followed from now on."""
    lead = await add_lead(sessions, world, CALLER)
    assert await stage.follower().look() == 0
    return lead


def later(stage: Following, turns: int) -> CallFollowing:
    """A worker some turns from now."""
    ahead = turns * (EVERY + timedelta(seconds=1))
    return stage.follower_at(lambda: datetime.now(UTC) + ahead)


async def ring(control: httpx.AsyncClient, moment: str, **order: object) -> str:
    """Somebody rings; wait until that moment (``started``, ``ended`` or ``analyzed``) has come."""
    rung = {"from_number": CALLER, "to_number": OURS, "ring_seconds": 0, "scenario": "answer"} | order
    call_id: str = (await control.post("/ring", json=rung)).raise_for_status().json()["call_id"]
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            calls: list[dict[str, Any]] = (await control.get("/calls")).json()
            (call,) = [one for one in calls if one["call_id"] == call_id]
            if call[f"{moment}_ms"] is not None:
                return call_id


async def the_call(sessions: Sessions) -> InboundCallRow:
    async with sessions() as session:
        return (await session.scalars(select(InboundCallRow))).one()


async def test_a_call_is_found_from_its_beginning_to_what_it_meant_and_told_once(
    stage: Following, sessions: Sessions, lead: LeadRow, control: httpx.AsyncClient, engine: EngineEdge
) -> None:
    call_id = await ring(control, "started", talk_seconds=60)
    assert [await later(stage, 1).look() for _ in range(3)] == [1, 0, 0]
    begun = await the_call(sessions)
    assert (begun.call_id, begun.status, begun.lead_id, begun.ended_at) == (call_id, "in_progress", lead.id, None)
    assert await later(stage, 2).look() == 0, "nothing new"
    over = await ring(control, "analyzed", from_number="+14155550199", talk_seconds=0.1)
    assert await later(stage, 3).look() == 1
    async with sessions() as session:
        found = (await session.scalars(select(InboundCallRow).where(InboundCallRow.call_id == over))).one()
    assert (found.status, found.outcome, found.lead_id) == ("done", "answered", None)
    assert (bool(found.transcript), bool(found.recording_url), found.analysis is not None) == (True, True, True)
    assert await later(stage, 4).look() == 0
    assert engine.signals == []


async def test_who_rang_back_is_done_and_a_webhook_that_does_arrive_changes_nothing_any_more(
    stage: Following, world: World, sessions: Sessions, lead: LeadRow, control: httpx.AsyncClient, engine: EngineEdge
) -> None:
    call_id = await ring(control, "analyzed", talk_seconds=0.1, analysis_seconds=0)
    assert await later(stage, 1).look() == 1
    row = await the_call(sessions)
    assert (await reread(sessions, lead)).outcome == "reached"
    assert engine.signals == [(f"lead-{lead.id}", "wake")]
    body = {"event": "call_analyzed", "call": {"call_id": call_id, "direction": "inbound", "from_number": CALLER}}
    await take(sessions, world.account, body, lambda: datetime.now(UTC))
    assert (await the_call(sessions)).settled_at == row.settled_at
    async with sessions() as session:
        events = list(await session.scalars(select(WebhookEventRow.event_key)))
    assert events == [f"call_analyzed:{call_id}"]


async def test_an_end_is_found_although_the_analysis_takes_its_time(
    stage: Following, sessions: Sessions, lead: LeadRow, control: httpx.AsyncClient
) -> None:
    await ring(control, "ended", talk_seconds=0.1, analysis_seconds=60)
    assert await later(stage, 1).look() == 1
    row = await the_call(sessions)
    assert (row.lead_id, row.status, row.ended_at is None, bool(row.transcript)) == (
        lead.id,
        "in_progress",
        False,
        True,
    )


async def test_calls_from_before_anybody_followed_are_left_alone_and_those_of_a_long_pause_are_found(
    stage: Following, world: World, sessions: Sessions, control: httpx.AsyncClient
) -> None:
    await ring(control, "analyzed", talk_seconds=0.1)
    assert await stage.follower().look() == 0
    async with sessions.begin() as session:
        long_ago = datetime.now(UTC) - timedelta(days=3)
        await session.execute(update(FollowedAccountRow).values(inbound_asked_at=long_ago, inbound_since=long_ago))
    assert await stage.follower().look() == 1


async def test_a_call_belongs_to_the_account_whose_number_was_rung(
    stage: Following, world: World, sessions: Sessions, lead: LeadRow, control: httpx.AsyncClient
) -> None:
    other = await add_world(sessions)
    await change(sessions, other.account, is_default=False)
    elsewhere = await add_pool(sessions, other)
    async with sessions.begin() as session:
        number = CallerIdRow(
            organization_id=other.organization.id,
            number_pool_id=elsewhere.pool.id,
            phone_number="+12125550177",
            position=1,
        )
        session.add(number)
    await ring(control, "analyzed", to_number="+12125550177", talk_seconds=0.1)
    assert await later(stage, 1).look() == 1
    row = await the_call(sessions)
    assert (row.organization_id, row.account_id, row.lead_id) == (other.organization.id, other.account.id, None)
    assert (await reread(sessions, lead)).status == "new"


async def test_a_provider_that_does_not_answer_is_asked_again_and_of_ten_who_look_one_asks(
    stage: Following, world: World, sessions: Sessions, lead: LeadRow, control: httpx.AsyncClient
) -> None:
    await ring(control, "analyzed", talk_seconds=0.1)
    broken = {"operation": "list-calls", "effect": "error", "next": 1}
    (await control.post("/faults", json=broken)).raise_for_status()
    assert await later(stage, 1).look() == 0
    assert sum(await asyncio.gather(*(later(stage, 2).look() for _ in range(10)))) == 1
    assert (await control.get("/stats")).json()["requests"]["list-calls"] == 2
    async with sessions() as session:
        assert await session.scalar(select(func.count()).select_from(InboundCallRow)) == 1


async def test_a_call_that_cannot_be_taken_keeps_no_other_from_being_taken(
    stage: Following, sessions: Sessions, lead: LeadRow, control: httpx.AsyncClient
) -> None:
    broken = await ring(control, "analyzed", talk_seconds=0.1, from_number="+14155550199")
    sound = await ring(control, "analyzed", talk_seconds=0.1)
    await refuse_to_write(sessions, "inbound_calls", f"new.call_id = '{broken}'")
    assert await later(stage, 1).look() == 1
    row = await the_call(sessions)
    assert (row.call_id, row.status, row.lead_id) == (sound, "done", lead.id)
    assert stage.broken_off("call") == 1


async def test_without_an_account_of_the_kind_nobody_is_asked(stage: Following, control: httpx.AsyncClient) -> None:
    assert await stage.follower().look() == 0
    assert "list-calls" not in (await control.get("/stats")).json()["requests"]
