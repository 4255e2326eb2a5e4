"""Who is told of events, what each answers, and who tells them; the network is replaced where it begins."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import select
from temporalio.client import Client
from temporalio.testing import ActivityEnvironment

from activities.event_couriers import EventCouriers
from activities.event_metrics import EventMetrics
from activities.event_payloads import EventPayloads
from activities.event_sending import EventSender
from activities.event_workflows import EventWorkflows
from activities.messages import EventOrder, EventTry
from activities.retrying_events import RetryEvent
from api.shown import AsAnswered
from runtime.sealing import Sealing
from storage.models import EventDeliveryRow, EventDeliveryTryRow, EventSubscriptionRow, LeadRow
from telephony.event_posting import EventPosting
from telephony.outside_http import OutsideHttp
from tests.activities.stage import Clock
from tests.builders import Sessions, World, add_lead, change

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
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

    async def tries(self) -> Sequence[EventDeliveryTryRow]:
        async with self.sessions() as session:
            return (await session.scalars(select(EventDeliveryTryRow).order_by(EventDeliveryTryRow.tried_at))).all()

    async def only_delivery(self) -> EventDeliveryRow:
        (row,) = await self.log()
        return row

    def count(self, result: str) -> float | None:
        return self.registry.get_sample_value("leadline_event_tries_total", {"result": result})


@pytest.fixture
def receivers() -> Receivers:
    return Receivers()


@pytest.fixture
async def scene(
    sessions: Sessions, world: World, clock: Clock, client: Client, receivers: Receivers
) -> AsyncIterator[Scene]:
    async with httpx.AsyncClient(transport=httpx.MockTransport(receivers)) as http:
        yield Scene(sessions, world, clock, client, http)
