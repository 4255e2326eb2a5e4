"""What figures are of, and how they are asked for once everything is counted."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from activities.analytics_pump import AnalyticsPump
from api.dependencies import Dependencies
from storage.models import AccountRow, CampaignRow, InboundCallRow, NumberPoolRow, OrganizationRow
from tests.builders import World, add_attempt_of, add_lead, change

Sessions = async_sessionmaker[AsyncSession]
Figures = Callable[..., Awaitable[dict[str, object]]]

MONDAY = datetime(2026, 3, 2, 18, 30, tzinfo=UTC)
"""12:30 in Chicago, 23:30 + half an hour to Tuesday in Kolkata."""

ROUTES = ("summary", "by-agent", "by-source", "by-campaign", "by-hour", "cost")
CALL = {"counts": True, "slot_released_at": MONDAY, "agent_id": "agent_1", "agent_version": 2}


@pytest.fixture
async def world(admin: httpx.AsyncClient, sessions: Sessions, app: FastAPI) -> World:
    """The default campaign of who is signed in."""
    dependencies: Dependencies = app.state.dependencies
    defaults = await dependencies.first_rows.ready()
    campaigns = (await admin.get("/api/v1/campaigns")).json()["items"]
    async with sessions() as session:
        campaign = await session.get_one(CampaignRow, UUID(campaigns[0]["id"]))
        pool = await session.get_one(NumberPoolRow, campaign.number_pool_id)
        account = await session.get_one(AccountRow, pool.account_id)
        organization = await session.get_one(OrganizationRow, defaults.organization.id)
    return World(organization, account, pool, campaign)


@pytest.fixture
async def history(sessions: Sessions, world: World) -> World:
    """One lead booked by its second call, one never reached, one never called; and a call that came in."""
    booked = await add_lead(sessions, world, "+13125550101", source="form", created_at=MONDAY)
    missed = await add_lead(sessions, world, "+13125550102", source="fair", created_at=MONDAY)
    await add_lead(sessions, world, "+13125550103", source="form", created_at=MONDAY)
    missed_call = {**CALL, "outcome": "no_answer", "started_at": MONDAY}
    await add_attempt_of(sessions, world, booked, "done", **missed_call)
    await add_attempt_of(
        sessions,
        world,
        booked,
        "done",
        number=2,
        **{
            **CALL,
            "outcome": "answered",
            "disposition": "booked",
            "started_at": MONDAY + timedelta(days=1, hours=6),
            "duration_ms": 120_000,
            "cost_cents": Decimal(30),
        },
    )
    await add_attempt_of(sessions, world, missed, "done", **missed_call)
    await add_attempt_of(
        sessions, world, missed, "done", number=2, **{**missed_call, "outcome": "refused", "counts": False}
    )
    await change(sessions, booked, status="done", outcome="reached")
    async with sessions.begin() as session:
        session.add(
            InboundCallRow(
                id=uuid4(),
                organization_id=world.organization.id,
                account_id=world.account.id,
                call_id="call_in",
                status="done",
                outcome="voicemail",
                started_at=MONDAY,
                duration_ms=60_000,
                cost_cents=Decimal(6),
            )
        )
    return world


@pytest.fixture
def figures(admin: httpx.AsyncClient, sessions: Sessions) -> Figures:
    """Asks for figures once everything is counted."""

    async def ask(route: str, **query: str) -> dict[str, object]:
        while await AnalyticsPump(sessions).catch_up():
            pass
        answer = await admin.get(f"/api/v1/analytics/{route}", params=query)
        assert answer.status_code == 200, answer.text
        found: dict[str, object] = answer.json()
        return found

    return ask
