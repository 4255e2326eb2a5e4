"""Subscriptions to events over HTTP, up to a receiver of its own that verifies what it gets."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg  # type: ignore[import-untyped]
import httpx
import pytest
from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from standardwebhooks.webhooks import Webhook
from temporalio.client import Client

from activities.event_workflows import EventWorkflows
from activities.events_at_work import EventWork, event_work
from api.shown import AsAnswered
from runtime.sealing import Sealing
from runtime.settings import Settings
from storage.event_subscriptions import CHANNEL
from storage.models import AuditEntryRow, EventSubscriptionRow
from telephony.outside_http import outside_http_client
from tests.traces import found_in_the_database

PATH = "/api/v1/event-subscriptions"
SECRETS_KEY = "s" * 32
Sessions = async_sessionmaker[AsyncSession]
Json = dict[str, Any]


@pytest.fixture(scope="session")
def settings(settings: Settings) -> Settings:
    given = Settings.model_validate({"LEADLINE_SECRETS_KEY": SECRETS_KEY})
    return settings.model_copy(update={"secrets_keys": given.secrets_keys})


@dataclass
class Receiver:
    """A server of somebody's own, of real connections. ``got``: headers and body of each message."""

    url: str = ""
    status: int = 204
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        headers = {
            name.lower(): value for name, value in (line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
        }
        self.got.append((headers, await reader.readexactly(int(headers["content-length"]))))
        writer.write(f"HTTP/1.1 {self.status} Said\r\ncontent-length: 0\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    def verified(self, secret: str) -> Sequence[Json]:
        """What the library of receivers makes of it, which holds to the clock of this machine too."""
        return [Webhook(secret).verify(body, headers) for headers, body in self.got]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    async with await asyncio.start_server(receiver.serve, "127.0.0.1", 0) as listening:
        receiver.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/hook"
        yield receiver


@pytest.fixture
async def work(sessions: Sessions, absent_engine: Client) -> AsyncIterator[EventWork]:
    """What a worker does, beside the API."""
    async with outside_http_client() as http:
        yield event_work(
            sessions,
            EventWorkflows(absent_engine, "events"),
            http,
            AsAnswered(),
            CollectorRegistry(),
            lambda: datetime.now(UTC),
            unseal=Sealing([SECRETS_KEY]).unseal,
            allows_loopback=True,
        )


async def sent(work: EventWork) -> None:
    while await work.couriers.look():
        await work.couriers.settle()


async def subscribe(client: httpx.AsyncClient, url: str = "https://crm.example.com/hook", **body: object) -> Json:
    answer = await client.post(PATH, json={"url": url, **body})
    assert answer.status_code == 201, answer.text
    made: Json = answer.json()
    return made


async def test_a_lead_that_is_done_arrives_signed_as_the_api_shows_it(
    admin: httpx.AsyncClient, sessions: Sessions, receiver: Receiver, work: EventWork
) -> None:
    made = await subscribe(admin, receiver.url, event_types=["lead.done"])
    lead = (await admin.post("/api/v1/leads", json={"phone_number": "+12125550123", "name": "Zoë"})).json()
    await admin.post(f"/api/v1/leads/{lead['id']}/cancel")
    await sent(work)
    (event,) = receiver.verified(made["secret"])
    assert event["type"] == "lead.done"
    assert event["data"] == (await admin.get(f"/api/v1/leads/{lead['id']}")).json()
    listed = (await admin.get(f"{PATH}/{made['id']}/deliveries")).json()
    (delivery,) = listed["items"]
    assert delivery["webhook_id"] == receiver.got[0][0]["webhook-id"]
    assert (delivery["status"], delivery["status_code"], delivery["subject_id"]) == ("delivered", 204, lead["id"])
    assert await found_in_the_database(sessions, [made["secret"].removeprefix("whsec_")]) == {}


async def test_a_secret_is_shown_once_and_the_one_before_signs_for_a_day(
    admin: httpx.AsyncClient, receiver: Receiver, work: EventWork
) -> None:
    made = await subscribe(admin, receiver.url)
    one = f"{PATH}/{made['id']}"
    assert made["secret"].startswith("whsec_")
    assert "secret" not in (await admin.get(one)).json()
    rotated = (await admin.post(f"{one}/rotate-secret")).json()
    assert rotated["secret"] != made["secret"]
    assert rotated["old_secret_until"] is not None
    assert (await admin.post(f"{one}/test")).status_code == 202
    await sent(work)
    for secret in (made["secret"], rotated["secret"]):
        (event,) = receiver.verified(secret)
        assert (event["type"], event["data"]) == ("ping", {"subscription_id": made["id"]})


async def test_what_failed_is_sent_again_when_somebody_asks_under_the_same_id(
    admin: httpx.AsyncClient, receiver: Receiver, work: EventWork
) -> None:
    receiver.status = 500
    made = await subscribe(admin, receiver.url)
    one = f"{PATH}/{made['id']}"
    ping = (await admin.post(f"{one}/test")).json()
    await sent(work)
    (delivery,) = (await admin.get(f"{one}/deliveries", params={"event_type": "ping"})).json()["items"]
    assert (delivery["id"], delivery["tries"], delivery["error"]) == (ping["id"], 1, "Answered 500.")
    assert (await admin.get(one)).json()["failing_since"] is not None
    receiver.status = 200
    again = await admin.post(f"{one}/deliveries/{ping['id']}/redeliver")
    assert (again.status_code, again.json()["status"]) == (202, "pending")
    await sent(work)
    (delivery,) = (await admin.get(f"{one}/deliveries", params={"status": "delivered"})).json()["items"]
    assert (delivery["id"], delivery["status"]) == (ping["id"], "delivered")
    assert (await admin.get(one)).json()["failing_since"] is None
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
    assert (await admin.get(f"{one}/deliveries", params={"status": "failed"})).json()["items"] == []


async def test_every_try_is_shown_the_newest_first_through_all_rounds(
    admin: httpx.AsyncClient, receiver: Receiver, work: EventWork
) -> None:
    receiver.status = 500
    made = await subscribe(admin, receiver.url)
    one = f"{PATH}/{made['id']}"
    ping = (await admin.post(f"{one}/test")).json()
    tries = f"{one}/deliveries/{ping['id']}/tries"
    assert (await admin.get(tries)).json() == {"items": [], "next_cursor": None}
    for status in (500, 500, 200):
        receiver.status = status
        await sent(work)
        await admin.post(f"{one}/deliveries/{ping['id']}/redeliver")
    shown = (await admin.get(tries)).json()["items"]
    assert [(row["round"], row["status_code"], row["error"]) for row in shown] == [
        (3, 200, None),
        (2, 500, "Answered 500."),
        (1, 500, "Answered 500."),
    ]
    assert all(row["duration_ms"] >= 0 for row in shown)
    assert sorted((row["tried_at"] for row in shown), reverse=True) == [row["tried_at"] for row in shown]
    assert await pages(admin, tries) == [row["id"] for row in shown]


async def test_tries_are_those_of_a_delivery_of_the_subscription(admin: httpx.AsyncClient) -> None:
    made, other = await subscribe(admin), await subscribe(admin)
    ping = (await admin.post(f"{PATH}/{made['id']}/test")).json()
    assert (await admin.get(f"{PATH}/{made['id']}/deliveries/{ping['id']}/tries")).status_code == 200
    for subscription_id, delivery_id in ((other["id"], ping["id"]), (made["id"], uuid4()), (uuid4(), ping["id"])):
        answer = await admin.get(f"{PATH}/{subscription_id}/deliveries/{delivery_id}/tries")
        assert answer.status_code == 404


async def test_workers_are_told_of_a_subscription_with_its_commit(
    admin: httpx.AsyncClient, api_database_url: str
) -> None:
    words: asyncio.Queue[str] = asyncio.Queue()
    connection = await asyncpg.connect(api_database_url)
    await connection.add_listener(CHANNEL, lambda _connection, _pid, _channel, word: words.put_nowait(word))

    async def told() -> int:
        await connection.execute("select 1")  # what was said before has come with its answer
        return words.qsize()

    one = f"{PATH}/{(await subscribe(admin))['id']}"
    assert await told() == 1
    assert (await admin.patch(one, json={"enabled": False})).status_code == 200
    assert await told() == 1
    assert (await admin.patch(one, json={"enabled": True})).status_code == 200
    assert await told() == 2
    await connection.close()


async def test_a_subscription_is_changed_disabled_enabled_and_deleted(
    admin: httpx.AsyncClient, sessions: Sessions, app: FastAPI
) -> None:
    made = await subscribe(admin, description="CRM")
    one = f"{PATH}/{made['id']}"
    changed = await admin.patch(one, json={"event_types": ["call.ended", "call.ended"], "description": None})
    assert (changed.json()["event_types"], changed.json()["description"]) == (["call.ended"], None)
    disabled = (await admin.patch(one, json={"enabled": False})).json()
    assert (disabled["enabled"], disabled["disabled_reason"]) == (False, None)
    assert disabled["disabled_at"] is not None
    for refused in (await admin.post(f"{one}/test"), await admin.post(f"{one}/deliveries/{uuid4()}/redeliver")):
        assert (refused.status_code, refused.json()["type"]) == (409, "urn:leadline:problem:conflict")
    async with sessions.begin() as session:
        row = await session.get_one(EventSubscriptionRow, UUID(made["id"]))
        row.disabled_reason, row.failures, row.failing_since = "failing", 12, datetime.now(UTC)
    enabled = (await admin.patch(one, json={"enabled": True})).json()
    assert [enabled[name] for name in ("enabled", "disabled_reason", "disabled_at", "failing_since")] == [
        True,
        None,
        None,
        None,
    ]
    assert (await admin.delete(one)).status_code == 204
    assert (await admin.get(one)).status_code == (await admin.get(f"{one}/deliveries")).status_code == 404
    assert (await admin.get(PATH)).json()["items"] == []


async def test_who_did_what_is_in_the_audit_log_without_the_address(
    admin: httpx.AsyncClient, sessions: Sessions
) -> None:
    made = await subscribe(admin, "https://crm.example.com/hook?token=canary")
    await admin.patch(f"{PATH}/{made['id']}", json={"enabled": True})
    await admin.post(f"{PATH}/{made['id']}/rotate-secret")
    await admin.post(f"{PATH}/{made['id']}/test")
    await admin.delete(f"{PATH}/{made['id']}")
    async with sessions() as session:
        entries = (await session.scalars(select(AuditEntryRow).order_by(AuditEntryRow.created_at))).all()
    noted = [entry for entry in entries if entry.action.startswith("event_subscription.")]
    assert [entry.action.split(".")[1] for entry in noted] == ["made", "changed", "secret_rotated", "tested", "deleted"]
    assert "canary" not in json.dumps([entry.details for entry in noted])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        pytest.param({"url": "http://crm.example.com"}, "url", id="unencrypted"),
        pytest.param({"url": "https://10.1.2.3/hook"}, "url", id="a-private-network"),
        pytest.param({"url": "https://169.254.169.254/latest/meta-data"}, "url", id="what-clouds-tell"),
        pytest.param({"url": "https://a.example.com", "event_types": []}, "event_types", id="no-types"),
        pytest.param({"url": "https://a.example.com", "event_types": ["lead.born"]}, "event_types.0", id="no-type"),
        pytest.param({"url": "https://a.example.com", "event_types": ["ping"]}, "event_types.0", id="ping"),
        pytest.param({"url": "https://a.example.com", "secret": "whsec_x"}, "secret", id="a-secret-of-ones-own"),
        pytest.param({}, "url", id="nothing"),
    ],
)
async def test_what_can_not_be_sent_to_is_refused_by_its_field(
    admin: httpx.AsyncClient, body: Json, field: str
) -> None:
    answer = await admin.post(PATH, json=body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


async def test_where_things_are_real_nothing_is_sent_to_this_machine(
    make_app: Callable[..., FastAPI], absent_engine: Client, settings: Settings, admin: httpx.AsyncClient
) -> None:
    app = make_app(absent_engine, settings.model_copy(update={"env": "production"}))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://leadline") as client:
        client.headers.update(admin.headers)
        answer = await client.post(PATH, json={"url": "https://127.0.0.1/hook"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "url")


async def test_without_a_key_for_secrets_none_is_made(
    make_app: Callable[..., FastAPI], absent_engine: Client, settings: Settings, admin: httpx.AsyncClient
) -> None:
    app = make_app(absent_engine, settings.model_copy(update={"secrets_keys": ()}))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://leadline") as client:
        client.headers.update(admin.headers)
        answer = await client.post(PATH, json={"url": "https://crm.example.com"})
    assert answer.status_code == 409
    assert "LEADLINE_SECRETS_KEY" in answer.json()["detail"]


async def test_there_are_fifty_at_most(admin: httpx.AsyncClient, sessions: Sessions) -> None:
    first = await subscribe(admin)
    async with sessions.begin() as session:
        organization_id = (await session.get_one(EventSubscriptionRow, UUID(first["id"]))).organization_id
        owner: Json = {"organization_id": organization_id, "url": "https://a.example.com", "sealed_secret": "-"}
        session.add_all([EventSubscriptionRow(id=uuid4(), **owner) for _ in range(49)])
    answer = await admin.post(PATH, json={"url": "https://crm.example.com"})
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:leadline:problem:conflict")


async def test_lists_go_on_from_page_to_page(admin: httpx.AsyncClient, sessions: Sessions) -> None:
    made = [await subscribe(admin) for _ in range(3)]
    one = f"{PATH}/{made[0]['id']}"
    pings = [(await admin.post(f"{one}/test")).json()["id"] for _ in range(3)]
    assert await pages(admin, PATH) == [one["id"] for one in reversed(made)]
    assert await pages(admin, f"{one}/deliveries") == pings[::-1]
    assert await pages(admin, f"{PATH}/{made[1]['id']}/deliveries") == []


async def pages(client: httpx.AsyncClient, path: str) -> list[str]:
    found: list[str] = []
    params: Json = {"limit": 2}
    while True:
        page = (await client.get(path, params=params)).json()
        found += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            return found
        params["cursor"] = page["next_cursor"]


async def test_a_viewer_looks_and_changes_nothing(
    admin: httpx.AsyncClient, member: Callable[[str], Awaitable[httpx.AsyncClient]]
) -> None:
    made = await subscribe(admin)
    viewer = await member("viewer")
    assert [one["id"] for one in (await viewer.get(PATH)).json()["items"]] == [made["id"]]
    assert (await viewer.post(f"{PATH}/{made['id']}/test")).status_code == 403
