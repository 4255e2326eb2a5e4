"""Events are delivered, tried again, given up and kept apart; the network is replaced where it begins."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import event, select, text
from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from structlog.testing import capture_logs
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import ActivityEnvironment

from activities.event_couriers import ENGINE_AWAY, LEASE, EventCouriers
from activities.event_metrics import Became, EventMetrics
from activities.event_payloads import EventPayloads
from activities.event_sending import EventSender
from activities.event_workflows import EventWorkflows
from activities.messages import EventOrder, EventTry
from activities.retrying_events import AT_ONCE, RetryEvent
from api.shown import AsAnswered
from domain.events import RETRY_DELAYS
from runtime.sealing import Sealing
from storage import erasure, event_deliveries
from storage.models import AttemptRow, EventDeliveryRow, EventSubscriptionRow, LeadRow
from telephony.event_posting import EventPosting
from telephony.outside_http import OutsideHttp
from tests.activities.engine_edge import EngineEdge
from tests.activities.stage import Clock
from tests.builders import NOON, Sessions, World, add_attempt_of, add_lead, change, reread
from tests.patience import PATIENCE_SECONDS

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER_SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
NAME, NUMBER = "Ada Lovelace", "+13125550123"
LOOK_SECONDS = 0.05

ADDRESSES = {"inside.example.com": "10.0.0.7", "localhost": "127.0.0.1"}

Answer = Callable[[httpx.Request], Awaitable[httpx.Response]]


def answered(status: int, content: bytes = b"") -> httpx.Response:
    """Nothing of it is read yet, as of one that comes over a connection."""

    async def pieces() -> AsyncIterator[bytes]:
        yield content

    return httpx.Response(status, content=pieces())


def says(status: int, content: bytes = b"") -> Answer:
    async def answer(request: httpx.Request) -> httpx.Response:
        return answered(status, content)

    return answer


async def nobody(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("no route", request=request)


@dataclass
class Receivers:
    """Everything that is sent, and what each host answers."""

    answers: dict[str, Answer] = field(default_factory=dict)
    got: list[httpx.Request] = field(default_factory=list)

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.got.append(request)
        return await self.answers.get(request.headers["Host"], says(204))(request)

    def bodies(self) -> Sequence[dict[str, Any]]:
        return [json.loads(request.content) for request in self.got]


class Scene:
    """The parts as the worker puts them together; every host has a public address."""

    def __init__(
        self, sessions: Sessions, world: World, clock: Clock, client: Client, http: httpx.AsyncClient, *, most: int = 16
    ) -> None:
        async def resolve(host: str, port: int) -> Sequence[str]:
            del port
            return [ADDRESSES.get(host, "93.184.215.14" if host.endswith(".com") else host)]

        self.sessions, self.world, self.clock = sessions, world, clock
        self.sealing = Sealing(["k" * 32])
        self.registry = CollectorRegistry()
        self.sender = EventSender(
            sessions,
            EventPayloads(AsAnswered()),
            EventPosting(OutsideHttp(http, resolve=resolve)),
            EventMetrics(self.registry),
            clock,
            unseal=self.sealing.unseal,
        )
        workflows = EventWorkflows(client, "events")
        often, long = timedelta(seconds=LOOK_SECONDS), timedelta(days=1)
        self.couriers = EventCouriers(sessions, self.sender, workflows, clock, every=often, asleep=long, most=most)
        self.retries = RetryEvent(self.sender, clock)

    async def subscribe(self, host: str = "crm.example.com", **columns: object) -> EventSubscriptionRow:
        values: dict[str, Any] = {
            "url": f"https://{host}/hook",
            "sealed_secret": self.sealing.seal(SECRET),
            "event_types": ["lead.done"],
        }
        row = EventSubscriptionRow(id=uuid4(), organization_id=self.world.organization.id, **(values | columns))
        async with self.sessions.begin() as session:
            session.add(row)
        return row

    async def finish_a_lead(self) -> LeadRow:
        lead = await add_lead(self.sessions, self.world, f"+1{uuid4().int % 10**10:010}", name=NAME)
        await change(self.sessions, lead, status="done", outcome="reached")
        return lead

    async def round(self) -> None:
        """Until nothing waits that may be sent now."""
        await self.couriers.settle()
        while await self.couriers.look():
            await self.couriers.settle()

    async def retry(self, delivery: EventDeliveryRow, number: int, round_: int = 1) -> str:
        order = EventOrder(delivery.id, delivery.subscription_id, round_)
        return await ActivityEnvironment().run(self.retries.retry_event, EventTry(order, number))

    async def log(self) -> Sequence[EventDeliveryRow]:
        async with self.sessions() as session:
            return (await session.scalars(select(EventDeliveryRow).order_by(EventDeliveryRow.created_at))).all()

    async def only_delivery(self) -> EventDeliveryRow:
        (row,) = await self.log()
        return row

    def count(self, result: str) -> float | None:
        return self.registry.get_sample_value("leadline_event_tries_total", {"result": result})


@pytest.fixture
def receivers() -> Receivers:
    return Receivers()


@pytest.fixture
async def client(engine: EngineEdge) -> Client:
    return await Client.connect("127.0.0.1:1", lazy=True, interceptors=[engine], data_converter=pydantic_data_converter)


@pytest.fixture
async def scene(
    sessions: Sessions, world: World, clock: Clock, client: Client, receivers: Receivers
) -> AsyncIterator[Scene]:
    async with httpx.AsyncClient(transport=httpx.MockTransport(receivers)) as http:
        yield Scene(sessions, world, clock, client, http)


async def test_what_comes_through_at_once_is_sent_once_and_costs_the_engine_nothing(
    scene: Scene, receivers: Receivers, engine: EngineEdge
) -> None:
    await scene.subscribe()
    lead = await scene.finish_a_lead()
    await scene.round()
    await scene.round()
    (request,) = receivers.got
    delivery = await scene.only_delivery()
    assert request.headers["webhook-id"] == f"msg_{delivery.id.hex}"
    assert request.headers["content-type"] == "application/json"
    (body,) = receivers.bodies()
    assert (body["type"], body["data"]["id"], body["data"]["outcome"]) == ("lead.done", str(lead.id), "reached")
    assert body["data"]["name"] == NAME
    assert body["timestamp"].endswith("Z")
    assert (delivery.status, delivery.tries, delivery.status_code, delivery.error) == ("delivered", 1, 204, None)
    assert (engine.started, scene.count("delivered"), scene.count("failed")) == ([], 1, 0)


async def test_a_call_is_shown_as_it_stands_when_it_is_sent(scene: Scene, receivers: Receivers) -> None:
    await scene.subscribe(event_types=["call.started", "call.analyzed"])
    attempt = await add_attempt_of(
        scene.sessions, scene.world, await add_lead(scene.sessions, scene.world), "dialling", call_id="call_1"
    )
    await change(scene.sessions, attempt, started_at=NOON, status="in_progress")
    await change(
        scene.sessions,
        attempt,
        ended_at=NOON,
        slot_released_at=NOON,
        analyzed_at=NOON,
        status="done",
        outcome="answered",
    )
    await scene.round()
    shown = {body["type"]: body["data"] for body in receivers.bodies()}
    assert shown.keys() == {"call.started", "call.analyzed"}
    for call in shown.values():
        assert (call["id"], call["call_id"], call["outcome"]) == (str(attempt.id), "call_1", "answered")
        assert (call["direction"], call["phone_number"], call["ended_at"]) == (
            "outbound",
            NUMBER,
            "2026-03-02T18:00:00Z",
        )


async def test_receivers_verify_with_the_new_secret_and_for_a_day_with_the_old_one(
    scene: Scene, receivers: Receivers, clock: Clock
) -> None:
    subscription = await scene.subscribe()
    await change(
        scene.sessions,
        subscription,
        old_sealed_secret=scene.sealing.seal(OTHER_SECRET),
        old_secret_until=NOON + timedelta(hours=24),
    )
    for _ in range(2):
        await scene.finish_a_lead()
        await scene.round()
        clock.forward(hours=24)
    signatures = [request.headers["webhook-signature"].split(" ") for request in receivers.got]
    assert [len(one) for one in signatures] == [2, 1]
    # The library holds messages to the clock of the machine, which isn't that of this scene: it signs them itself.
    for request, signed in zip(receivers.got, signatures, strict=True):
        at = NOON if request is receivers.got[0] else NOON + timedelta(hours=24)
        assert signed[0] == Webhook(SECRET).sign(request.headers["webhook-id"], at, request.content.decode())
    with pytest.raises(WebhookVerificationError):
        Webhook(OTHER_SECRET).verify(receivers.got[1].content, dict(receivers.got[1].headers))


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


async def test_nothing_is_sent_into_networks_of_ones_own(scene: Scene, receivers: Receivers) -> None:
    for host in ("inside.example.com", "127.0.0.1", "169.254.169.254", "[::ffff:10.0.0.1]", "localhost"):
        await scene.subscribe(host)
    await scene.finish_a_lead()
    await scene.round()
    assert receivers.got == []
    assert {row.error for row in await scene.log()} == {
        "Not answered: the link leads into a private network, or to this machine."
    }


async def test_redirects_are_answers_and_not_followed(scene: Scene, receivers: Receivers) -> None:
    async def elsewhere(request: httpx.Request) -> httpx.Response:
        answer = answered(307)
        answer.headers["Location"] = "https://inside.example.com/"
        return answer

    receivers.answers["crm.example.com"] = elsewhere
    await scene.subscribe()
    await scene.finish_a_lead()
    await scene.round()
    assert (len(receivers.got), (await scene.only_delivery()).error) == (1, "Answered 307.")


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


async def test_a_secret_that_cannot_be_opened_sends_nothing_and_says_so(scene: Scene, receivers: Receivers) -> None:
    await scene.subscribe(sealed_secret=Sealing(["another key" * 4]).seal(SECRET))
    await scene.finish_a_lead()
    await scene.round()
    assert receivers.got == []
    assert "LEADLINE_SECRETS_KEY" in str((await scene.only_delivery()).error)


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


class AtWork:
    """Couriers that run, and what they ask the database."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._news = asyncio.Event()
        self.asked: list[str] = []

    @property
    def who_subscribes(self) -> int:
        """How often it was asked whether anybody does."""
        return len([one for one in self.asked if "EXISTS" in one and "event_deliveries" not in one])

    @property
    def what_waits(self) -> int:
        return len([one for one in self.asked if "event_deliveries" in one])

    async def looks(self, times: int) -> None:
        """As long as somebody who is awake takes for so many looks, and then some."""
        await asyncio.wait({self._working}, timeout=times * LOOK_SECONDS)

    async def until(self, holds: Callable[["AtWork"], bool]) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not holds(self):
                self._news.clear()
                await self._news.wait()

    async def __aenter__(self) -> "AtWork":
        event.listen(self._scene.sessions.kw["bind"].sync_engine, "before_cursor_execute", self._note)
        self._working = asyncio.create_task(self._scene.couriers.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._working.cancel()
        await asyncio.gather(self._working, return_exceptions=True)
        event.remove(self._scene.sessions.kw["bind"].sync_engine, "before_cursor_execute", self._note)

    def _note(self, _connection: object, _cursor: object, statement: str, *_more: object) -> None:
        self.asked.append(statement)
        self._news.set()


async def test_while_nobody_subscribes_nobody_looks(scene: Scene) -> None:
    await scene.subscribe(enabled=False)
    async with AtWork(scene) as work:
        await work.until(lambda work: work.who_subscribes == 1)
        await work.looks(10)
        scene.couriers.nudge()
        await work.until(lambda work: work.who_subscribes == 2)
        await work.looks(10)
    assert (len(work.asked), work.what_waits) == (2, 0)


async def test_who_sleeps_looks_with_the_word_of_the_first_subscription(scene: Scene, receivers: Receivers) -> None:
    """No sleep of theirs would end in a day."""
    arrived = asyncio.Event()

    async def notes(request: httpx.Request) -> httpx.Response:
        arrived.set()
        return answered(204)

    receivers.answers["crm.example.com"] = notes
    async with AtWork(scene) as work:
        await work.until(lambda work: work.who_subscribes == 1)
        await scene.subscribe()
        scene.couriers.nudge()
        await scene.finish_a_lead()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await arrived.wait()
    assert (await scene.only_delivery()).status == "delivered"


async def test_a_minute_after_the_last_subscription_nobody_looks_any_more(scene: Scene, clock: Clock) -> None:
    subscription = await scene.subscribe()
    async with AtWork(scene) as work:
        await work.until(lambda work: work.what_waits >= 2)
        await change(scene.sessions, subscription, enabled=False)
        clock.forward(seconds=60)
        await work.until(lambda work: work.who_subscribes >= 2)
        before = work.what_waits
        await work.looks(10)
        assert work.what_waits == before


async def test_of_an_erased_person_only_the_id_is_told(scene: Scene, receivers: Receivers) -> None:
    await scene.subscribe(event_types=None)
    lead = await add_lead(scene.sessions, scene.world, NUMBER, name=NAME)
    attempt = await add_attempt_of(scene.sessions, scene.world, lead, "dialling", call_id="call_1")
    await change(scene.sessions, attempt, started_at=NOON, status="in_progress")
    await change(scene.sessions, attempt, ended_at=NOON, slot_released_at=NOON, status="done", outcome="answered")
    await _erase(scene, lead)
    await scene.round()
    shown = {body["type"]: body["data"] for body in receivers.bodies()}
    assert shown == {
        "call.started": {"id": str(attempt.id), "erased": True},
        "call.ended": {"id": str(attempt.id), "erased": True},
        "lead.done": {"id": str(lead.id), "erased": True},
    }


@pytest.mark.parametrize("when", ["before the erasure", "while they are erased"])
async def test_what_receivers_answered_about_a_person_goes_with_them(
    scene: Scene, receivers: Receivers, when: str
) -> None:
    lead = await add_lead(scene.sessions, scene.world, NUMBER, name=NAME)
    attempt = await add_attempt_of(scene.sessions, scene.world, lead, "dialling")

    async def repeats(request: httpx.Request) -> httpx.Response:
        if when != "before the erasure":
            await _erase(scene, lead)
        return answered(200, f"thanks for {NAME}".encode())

    receivers.answers["crm.example.com"] = repeats
    await scene.subscribe(event_types=["call.ended"])
    await _end(scene, attempt)
    await scene.round()
    delivery = await scene.only_delivery()
    if when == "before the erasure":
        assert delivery.response == f"thanks for {NAME}"
        await _erase(scene, lead)
        delivery = await scene.only_delivery()
    assert (delivery.status, delivery.response) == ("delivered", None)


async def _end(scene: Scene, attempt: AttemptRow) -> None:
    await change(
        scene.sessions,
        attempt,
        ended_at=NOON,
        slot_released_at=NOON,
        status="done",
        outcome="answered",
    )


async def _erase(scene: Scene, lead: LeadRow) -> None:
    async with scene.sessions.begin() as session:
        await erasure.erase(session, await erasure.lock_person(session, lead.contact_id), NOON)
