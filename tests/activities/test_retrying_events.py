"""What didn't come through is tried again, until it does, is given up, or nobody wants it any more."""

import asyncio
from datetime import timedelta

import httpx
from structlog.testing import capture_logs

from activities.event_metrics import Became
from activities.retrying_events import AT_ONCE
from domain.events import RETRY_DELAYS
from storage import event_deliveries
from storage.models import EventDeliveryRow, EventSubscriptionRow
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
from tests.builders import NOON, change, reread

__all__ = ["receivers", "scene"]


async def test_what_fails_is_written_down_and_handed_to_a_workflow_once(
    scene: Scene, receivers: Receivers, engine: EngineEdge
) -> None:
    receivers.answers["crm.example.com"] = says(500, b"x" * 5_000)
    await scene.subscribe()
    await scene.finish_a_lead()
    await scene.round()
    delivery = await scene.only_delivery()
    assert (delivery.status, delivery.tries, delivery.status_code) == ("retrying", 1, 500)
    assert (delivery.error, delivery.response) == ("Answered 500.", "x" * 1_024)
    assert delivery.next_try_at == NOON + RETRY_DELAYS[0]
    assert engine.started == [f"event-{delivery.id}"]
    assert scene.count("failed") == 1


async def test_ten_tries_later_it_is_given_up(scene: Scene, receivers: Receivers, clock: Clock) -> None:
    receivers.answers["crm.example.com"] = nobody
    await scene.subscribe()
    await scene.finish_a_lead()
    await scene.round()
    delivery = await scene.only_delivery()
    for number, delay in enumerate(RETRY_DELAYS):
        assert (delivery.status, delivery.next_try_at) == ("retrying", clock.now + delay)
        clock.forward(seconds=delay.total_seconds())
        assert await scene.retry(delivery, number) == Became.FAILED
        delivery = await scene.only_delivery()
    assert (delivery.status, delivery.next_try_at, delivery.tries) == ("failed", None, 10)
    assert delivery.error == "Not answered: the place the link leads to can't be connected to (ConnectError)."
    assert len({request.headers["webhook-id"] for request in receivers.got}) == 1
    assert await scene.retry(delivery, 8) == Became.OVER
    tries = await scene.tries()
    assert [row.tried_at for row in tries] == [NOON, *(NOON + sum(RETRY_DELAYS[:n], timedelta()) for n in range(1, 10))]
    assert {(row.delivery_id, row.status_code, row.error) for row in tries} == {(delivery.id, None, delivery.error)}


async def test_what_comes_through_later_ends_the_workflow(scene: Scene, receivers: Receivers) -> None:
    receivers.answers["crm.example.com"] = nobody
    subscription = await scene.subscribe()
    await scene.finish_a_lead()
    await scene.round()
    receivers.answers.clear()
    delivery = await scene.only_delivery()
    assert await scene.retry(delivery, 0) == Became.DELIVERED
    assert await scene.retry(delivery, 1) == Became.OVER
    assert (await scene.only_delivery()).status == "delivered"
    assert (await reread(scene.sessions, subscription)).failing_since is None


async def test_an_address_that_says_gone_is_never_asked_again(
    scene: Scene, receivers: Receivers, engine: EngineEdge
) -> None:
    receivers.answers["crm.example.com"] = says(410)
    subscription = await scene.subscribe()
    await scene.finish_a_lead()
    with capture_logs() as logs:
        await scene.round()
    await scene.finish_a_lead()
    await scene.round()
    row = await reread(scene.sessions, subscription)
    assert (row.enabled, row.disabled_reason) == (False, "gone")
    assert ((await scene.only_delivery()).status, len(receivers.got), engine.started) == ("failed", 1, [])
    told = [line for line in logs if line["event"] == "event_subscription_disabled"]
    assert [(line["subscription_id"], line["reason"]) for line in told] == [(str(subscription.id), "gone")]
    disabled = scene.registry.get_sample_value("leadline_event_subscriptions_disabled_total", {"reason": "gone"})
    assert disabled == 1


async def test_a_disabled_or_deleted_subscription_ends_what_is_tried_again(scene: Scene, receivers: Receivers) -> None:
    receivers.answers["crm.example.com"] = nobody
    subscription = await scene.subscribe()
    await scene.finish_a_lead()
    await scene.round()
    delivery = await scene.only_delivery()
    await change(scene.sessions, subscription, enabled=False)
    assert await scene.retry(delivery, 0) == Became.OVER
    delivery = await scene.only_delivery()
    assert (delivery.status, delivery.error) == ("failed", "The subscription is disabled.")
    async with scene.sessions.begin() as session:
        await session.delete(await session.get_one(EventSubscriptionRow, subscription.id))
    assert await scene.retry(delivery, 1) == Became.OVER
    assert len(receivers.got) == 1


async def test_a_round_that_somebody_asked_for_ends_the_one_before(
    scene: Scene, receivers: Receivers, engine: EngineEdge
) -> None:
    receivers.answers["crm.example.com"] = nobody
    subscription = await scene.subscribe()
    await scene.finish_a_lead()
    await scene.round()
    delivery = await scene.only_delivery()
    async with scene.sessions.begin() as session:
        event_deliveries.send_anew(await session.get_one(EventDeliveryRow, delivery.id))
    await change(scene.sessions, subscription, rests_until=None)
    await scene.round()
    assert engine.started == [f"event-{delivery.id}", f"event-{delivery.id}-r2"]
    assert await scene.retry(delivery, 0, round_=1) == Became.OVER
    assert await scene.retry(delivery, 0, round_=2) == Became.FAILED


async def test_only_so_many_tries_go_on_at_one_address(scene: Scene, receivers: Receivers) -> None:
    patience, arrived = asyncio.Event(), asyncio.Semaphore(0)

    async def hangs(request: httpx.Request) -> httpx.Response:
        arrived.release()
        await patience.wait()
        return answered(204)

    subscription = await scene.subscribe()
    for _ in range(AT_ONCE + 1):
        await scene.finish_a_lead()
    receivers.answers["crm.example.com"] = hangs
    deliveries = await scene.log()
    going_on = [asyncio.create_task(scene.retry(delivery, 0)) for delivery in deliveries[:AT_ONCE]]
    for _ in going_on:
        await arrived.acquire()
    assert await scene.retry(deliveries[AT_ONCE], 0) == Became.BUSY
    patience.set()
    assert set(await asyncio.gather(*going_on)) == {Became.DELIVERED}
    assert await scene.retry(deliveries[AT_ONCE], 0) == Became.DELIVERED
    assert {request.headers["Host"] for request in receivers.got} == {httpx.URL(subscription.url).host}
