"""Everything that pages poll, each with something in it."""

from collections.abc import Awaitable, Callable

import httpx
import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from storage.models import Base, CampaignRow
from tests.api.conftest import AttemptOfLead

Sessions = async_sessionmaker[AsyncSession]
Attempts = Callable[..., Awaitable[AttemptOfLead]]

CALL = "call_1"


@pytest.fixture
async def attempt(open_attempt: Attempts) -> AttemptOfLead:
    return await open_attempt("in_progress", call_id=CALL)


@pytest.fixture
async def paths(admin: httpx.AsyncClient, attempt: AttemptOfLead, sessions: Sessions) -> dict[str, str]:
    async with sessions() as session:
        campaign = (await session.scalars(select(CampaignRow))).one()
    return {
        "lead": f"leads/{attempt.lead_id}",
        "leads": "leads",
        "leads of a search": "leads?q=%2B1212&limit=1",
        "call": f"calls/{CALL}",
        "calls": "calls",
        "calls that are live": "calls?status=in_progress",
        "campaign": f"campaigns/{campaign.id}",
        "campaigns": "campaigns",
        "number pools": "number-pools",
        "accounts": "accounts",
        "organization": "organizations/current",
    }


async def ask(client: httpx.AsyncClient, path: str, etag: str | None = None) -> httpx.Response:
    headers = {} if etag is None else {"If-None-Match": etag}
    return await client.get(f"/api/v1/{path}", headers=headers)


async def change(sessions: Sessions, row: type[Base], **columns: object) -> None:
    async with sessions.begin() as session:
        await session.execute(update(row).values(**columns))
