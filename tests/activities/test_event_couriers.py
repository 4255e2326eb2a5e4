"""Couriers make the first tries, whoever hangs, fails or dies meanwhile."""

import asyncio
from collections import Counter
from uuid import UUID

import httpx
from sqlalchemy import text
from structlog.testing import capture_logs
from temporalio.client import Client

from activities.event_couriers import ENGINE_AWAY, LEASE
from storage import event_deliveries
from tests.activities.engine_edge import EngineEdge
from tests.activities.event_scene import (
    Receivers,
    Scene,
    answered,
    nobody,
    receivers,
    says,
    scene,
)
from tests.activities.stage import Clock
from tests.builders import NOON, Sessions, World

__all__ = ["receivers", "scene"]


async def test_an_address_that_fails_gets_one_at_a_time_and_then_all_that_waits(
    scene: Scene, receivers: Receivers, clock: Clock
) -> None:
    receivers.answers["crm.example.com"] = says(503)
    await scene.subscribe()
    for _ in range(12):
        await scene.finish_a_lead()
    sent = []
    for _ in range(3):
        await scene.round()
        sent.append(len(receivers.got))
        clock.forward(minutes=5)
    assert sent == [5, 6, 7]
    receivers.answers.clear()
    await scene.round()
    assert len(receivers.got) == 12
    assert Counter(row.status for row in await scene.log()) == {"retrying": 7, "delivered": 5}


async def test_one_that_never_answers_holds_up_nobody_else(
    sessions: Sessions, world: World, clock: Clock, client: Client, receivers: Receivers
) -> None:
    patience = asyncio.Event()

    async def hangs(request: httpx.Request) -> httpx.Response:
        await patience.wait()
        return answered(204)

    receivers.answers["dead.example.com"] = hangs
    async with httpx.AsyncClient(transport=httpx.MockTransport(receivers)) as http:
        scene = Scene(sessions, world, clock, client, http, most=2)
        dead, living = await scene.subscribe("dead.example.com"), await scene.subscribe("living.example.com")
        for _ in range(30):
            await scene.finish_a_lead()
        delivered: Counter[UUID] = Counter()
        while delivered[living.id] < 30:
            await scene.couriers.look()
            await asyncio.sleep(0)
            delivered = Counter(row.subscription_id for row in await scene.log() if row.status == "delivered")
        assert (delivered[dead.id], len(receivers.got)) == (0, 35)
        patience.set()
        await scene.round()
    assert {row.status for row in await scene.log()} == {"delivered"}


async def test_while_the_engine_is_away_first_tries_are_made_again(
    scene: Scene, receivers: Receivers, engine: EngineEdge, clock: Clock
) -> None:
    engine.is_away = True
    receivers.answers["crm.example.com"] = nobody
    await scene.subscribe()
    await scene.finish_a_lead()
    await scene.round()
    await scene.round()
    delivery = await scene.only_delivery()
    assert (delivery.status, len(receivers.got)) == ("pending", 1)
    engine.is_away = False
    clock.forward(seconds=ENGINE_AWAY.total_seconds())
    await scene.round()
    assert ((await scene.only_delivery()).status, engine.started) == ("retrying", [f"event-{delivery.id}"])


async def test_what_a_worker_that_died_had_claimed_is_sent_by_another(
    scene: Scene, receivers: Receivers, clock: Clock
) -> None:
    subscription = await scene.subscribe()
    await scene.finish_a_lead()
    async with scene.sessions.begin() as session:
        await event_deliveries.claim(session, subscription.id, now=NOON, until=NOON + LEASE, limit=5)
    await scene.round()
    assert receivers.got == []
    clock.forward(seconds=LEASE.total_seconds())
    await scene.round()
    assert (await scene.only_delivery()).status == "delivered"


async def test_couriers_go_on_through_a_database_that_fails_and_end_what_they_do_when_they_are_to_stop(
    scene: Scene, receivers: Receivers
) -> None:
    patience, arrived = asyncio.Event(), asyncio.Event()

    async def hangs(request: httpx.Request) -> httpx.Response:
        arrived.set()
        await patience.wait()
        return answered(204)

    receivers.answers["crm.example.com"] = hangs
    await scene.subscribe()
    async with scene.sessions.begin() as session:
        await session.execute(text("alter table event_deliveries rename to away"))
    with capture_logs() as logs:
        working = asyncio.create_task(scene.couriers.run())
        await asyncio.wait({working}, timeout=0.5)
    async with scene.sessions.begin() as session:
        await session.execute(text("alter table away rename to event_deliveries"))
    await scene.finish_a_lead()
    await arrived.wait()
    working.cancel()
    patience.set()
    await asyncio.gather(working, return_exceptions=True)
    assert {line["event"] for line in logs} == {"events_behind"}
    assert (await scene.only_delivery()).status == "delivered"
