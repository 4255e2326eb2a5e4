"""What pages and programs read is found by indexes, however much there is."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import httpx
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from storage import event_deliveries
from storage.models import EventSubscriptionRow
from storage.organization_sessions import ROLE
from tests.query_plans import overheard, whole_reads

Sessions = async_sessionmaker[AsyncSession]

LISTS = (
    "/api/v1/leads",
    "/api/v1/leads?status=new",
    "/api/v1/leads?outcome=reached",
    "/api/v1/leads?disposition=interested",
    "/api/v1/leads?source=website",
    "/api/v1/leads?campaign_id={campaign_id}&status=new",
    "/api/v1/calls",
    "/api/v1/calls?status=in_progress",
    "/api/v1/calls?campaign_id={campaign_id}",
    "/api/v1/calls?lead_id={lead_id}",
    "/api/v1/do-not-call",
    "/api/v1/imports",
    "/api/v1/audit-log",
    "/api/v1/status",
    "/api/v1/event-subscriptions/{subscription_id}/deliveries",
    "/api/v1/event-subscriptions/{subscription_id}/deliveries?status=failed",
    "/api/v1/event-subscriptions/{subscription_id}/deliveries/{delivery_id}/tries",
)
ONE = ("/api/v1/leads/{lead_id}", "/api/v1/leads/{lead_id}/timeline")
FIGURES = tuple(f"/api/v1/analytics/{name}" for name in ("summary", "by-agent", "by-source", "by-hour", "cost"))


async def a_delivery(sessions: Sessions, organization_id: UUID) -> dict[str, str]:
    """By the ids of its subscription and its own."""
    async with sessions.begin() as session:
        subscription = EventSubscriptionRow(
            id=uuid4(), organization_id=organization_id, url="https://crm.example.com", sealed_secret="-"
        )
        session.add(subscription)
        delivery = await event_deliveries.add_ping(session, subscription)
        return {"subscription_id": str(subscription.id), "delivery_id": str(delivery.id)}


async def test_no_answer_reads_a_growing_table_whole(
    admin: httpx.AsyncClient,
    open_attempt: Callable[..., Awaitable[Any]],
    sessions: Sessions,
    engine: AsyncEngine,
    api_database_url: str,
) -> None:
    attempt = await open_attempt()
    ours = (await admin.get("/api/v1/organizations/current")).json()
    lead = (await admin.get(f"/api/v1/leads/{attempt.lead_id}")).json()
    given = {"lead_id": lead["id"], "campaign_id": lead["campaign_id"], **await a_delivery(sessions, UUID(ours["id"]))}
    with overheard(engine) as said:
        for address in (*LISTS, *ONE, *FIGURES):
            answer = await admin.get(address.format(**given))
            assert answer.status_code == 200, (address, answer.text)
        changed = await admin.post("/api/v1/leads", json={"phone_number": "+12125550188", "external_id": "crm-1"})
        assert changed.status_code == 201, changed.text
    assert len(set(said)) > 20
    assert await whole_reads(api_database_url, said, role=ROLE) == {}
