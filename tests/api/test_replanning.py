"""What changes when leads may be called has their campaign planned anew, and nothing else does."""

from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from storage.models import CampaignRow
from tests.builders import NOON

Sessions = async_sessionmaker[AsyncSession]


async def default_campaign(admin: httpx.AsyncClient) -> dict[str, Any]:
    (campaign,) = (await admin.get("/api/v1/campaigns")).json()["items"]
    found: dict[str, Any] = campaign
    return found


async def write(sessions: Sessions, **columns: object) -> None:
    async with sessions.begin() as session:
        await session.execute(update(CampaignRow).values(**columns))


async def is_replanned(sessions: Sessions, campaign: dict[str, Any]) -> bool:
    async with sessions() as session:
        row = await session.get_one(CampaignRow, UUID(campaign["id"]))
    return row.replanned_at is not None


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param({"windows": [{"days": ["mon"], "opens": "09:00", "closes": "17:00"}]}, True, id="windows"),
        pytest.param({"calling_rules": "federal"}, True, id="rules"),
        pytest.param({"retry_delays": {"busy": [60]}}, True, id="delays"),
        pytest.param({"max_attempts": 9}, True, id="attempts"),
        pytest.param({"max_attempts_per_day": 1}, True, id="a-day"),
        pytest.param({"max_attempts_per_24_hours": 1}, True, id="in-24-hours"),
        pytest.param({"min_seconds_between_attempts": 60}, True, id="distance"),
        pytest.param({"vary_part_of_day": True}, True, id="part-of-day"),
        pytest.param({"dispositions": [{"name": "hot", "then": "retry"}]}, True, id="dispositions"),
        pytest.param({"name": "Another", "budget": 7, "ring_seconds": 20}, False, id="nothing-about-time"),
        pytest.param({"max_attempts": 4, "calling_rules": "strict"}, False, id="as-it-was"),
    ],
)
async def test_a_change_of_a_campaign(
    admin: httpx.AsyncClient, sessions: Sessions, change: dict[str, Any], expected: bool
) -> None:
    campaign = await default_campaign(admin)
    assert (await admin.patch(f"/api/v1/campaigns/{campaign['id']}", json=change)).status_code == 200
    assert await is_replanned(sessions, campaign) is expected


@pytest.mark.parametrize(
    ("columns", "action", "expected"),
    [
        pytest.param({"status": "draft"}, "launch", True, id="launched"),
        pytest.param({"status": "running"}, "launch", False, id="launched-before"),
        pytest.param({"status": "paused"}, "resume", True, id="resumed"),
        pytest.param({"parked_at": NOON, "parked_reason": "x"}, "resume", True, id="parked-and-resumed"),
        pytest.param({"status": "running"}, "resume", False, id="resumed-before"),
        pytest.param({"status": "running"}, "pause", False, id="paused"),
    ],
)
async def test_a_campaign_that_goes_on(
    admin: httpx.AsyncClient, sessions: Sessions, columns: dict[str, Any], action: str, expected: bool
) -> None:
    campaign = await default_campaign(admin)
    await write(sessions, **columns)
    assert (await admin.post(f"/api/v1/campaigns/{campaign['id']}/{action}")).status_code == 200
    assert await is_replanned(sessions, campaign) is expected


@pytest.mark.parametrize("path", ["number-pools", "accounts"])
async def test_what_is_resumed_has_its_own_campaigns_planned_anew(
    admin: httpx.AsyncClient, sessions: Sessions, path: str
) -> None:
    campaign = await default_campaign(admin)
    (owner,) = (await admin.get(f"/api/v1/{path}")).json()["items"]
    assert (await admin.post(f"/api/v1/{path}/{owner['id']}/resume")).status_code == 200
    assert await is_replanned(sessions, campaign)


async def test_another_pool_that_is_resumed_changes_nothing(admin: httpx.AsyncClient, sessions: Sessions) -> None:
    campaign = await default_campaign(admin)
    pool = (await admin.post("/api/v1/number-pools", json={"name": "Other"})).json()
    assert (await admin.post(f"/api/v1/number-pools/{pool['id']}/resume")).status_code == 200
    assert not await is_replanned(sessions, campaign)
