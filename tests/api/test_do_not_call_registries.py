"""An old copy of a registry keeps telemarketing from beginning."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from storage.models import CampaignRow, DoNotCallListRow

OLD = timedelta(days=31, minutes=1)
FRESH = timedelta(days=30, hours=23, minutes=59)


async def refreshed(client: httpx.AsyncClient, age: timedelta, **query: str) -> str:
    named = {"name": "National", "kind": "registry", "refreshed_at": (datetime.now(UTC) - age).isoformat()} | query
    headers = {"Content-Type": "text/plain"}
    answer = await client.post("/api/v1/do-not-call/import", params=named, content=b"2125550101", headers=headers)
    assert answer.status_code == 200, answer.text
    list_id: str = answer.json()["list"]["id"]
    return list_id


async def draft(client: httpx.AsyncClient, **fields: Any) -> str:  # noqa: ANN401 - JSON
    answer = await client.post("/api/v1/campaigns", json={"name": "Spring"} | fields)
    return f"/api/v1/campaigns/{answer.json()['id']}"


async def test_telemarketing_is_launched_once_every_registry_is_fresh(admin: httpx.AsyncClient) -> None:
    campaign = await draft(admin)
    await refreshed(admin, FRESH, name="State")
    await refreshed(admin, OLD)
    refused = await admin.post(f"{campaign}/launch")
    assert refused.status_code == 409
    for said in ("National", "31 days ago", "POST /api/v1/do-not-call/import", "delete the list"):
        assert said in refused.json()["detail"]
    assert (await admin.get(campaign)).json()["status"] == "draft"
    await refreshed(admin, FRESH)
    assert (await admin.post(f"{campaign}/launch")).json()["status"] == "running"


async def test_telemarketing_is_not_resumed_by_an_old_registry_until_its_list_is_deleted(
    admin: httpx.AsyncClient,
) -> None:
    campaign = await draft(admin)
    for action in ("launch", "pause"):
        assert (await admin.post(f"{campaign}/{action}")).status_code == 200
    list_id = await refreshed(admin, OLD)
    assert (await admin.post(f"{campaign}/resume")).status_code == 409
    assert (await admin.get(campaign)).json()["status"] == "paused"
    await admin.delete(f"/api/v1/do-not-call/lists/{list_id}")
    assert (await admin.post(f"{campaign}/resume")).json()["status"] == "running"


async def test_a_campaign_that_runs_does_not_become_telemarketing_by_an_old_registry(admin: httpx.AsyncClient) -> None:
    campaign = await draft(admin, purpose="informational")
    await refreshed(admin, OLD)
    assert (await admin.post(f"{campaign}/launch")).status_code == 200
    refused = await admin.patch(campaign, json={"purpose": "telemarketing", "name": "Sales"})
    assert refused.status_code == 409
    assert "31 days ago" in refused.json()["detail"]
    shown = (await admin.get(campaign)).json()
    assert (shown["purpose"], shown["name"]) == ("informational", "Spring")
    assert (await admin.patch(campaign, json={"name": "Spring again"})).status_code == 200
    await refreshed(admin, FRESH)
    assert (await admin.patch(campaign, json={"purpose": "telemarketing"})).json()["purpose"] == "telemarketing"


async def test_what_was_parked_at_a_refusal_is_not_resumed_by_an_old_registry(
    admin: httpx.AsyncClient, sessions: async_sessionmaker[AsyncSession]
) -> None:
    campaign = await draft(admin)
    await admin.post(f"{campaign}/launch")
    await refreshed(admin, OLD)
    assert (await admin.post(f"{campaign}/launch")).status_code == 200, "it runs already"
    assert (await admin.post(f"{campaign}/resume")).status_code == 200, "it runs already"
    async with sessions.begin() as session:
        await session.execute(update(CampaignRow).values(parked_at=datetime.now(UTC), parked_reason="unpaid"))
    assert (await admin.post(f"{campaign}/resume")).status_code == 409


async def test_a_registry_that_was_never_imported_to_its_end_is_too_old(
    admin: httpx.AsyncClient, sessions: async_sessionmaker[AsyncSession]
) -> None:
    campaign = await draft(admin)
    await refreshed(admin, FRESH)
    async with sessions.begin() as session:
        await session.execute(update(DoNotCallListRow).values(refreshed_at=None))
    refused = await admin.post(f"{campaign}/launch")
    assert (refused.status_code, "never imported to its end" in refused.json()["detail"]) == (409, True)


@pytest.mark.parametrize(
    ("purpose", "kind"),
    [
        pytest.param("informational", "registry", id="informational-campaign"),
        pytest.param("telemarketing", "list", id="somebody-else's-list"),
    ],
)
async def test_an_old_list_matters_to_telemarketing_by_a_registry_only(
    admin: httpx.AsyncClient, purpose: str, kind: str
) -> None:
    await refreshed(admin, OLD, kind=kind)
    campaign = await draft(admin, purpose=purpose)
    assert (await admin.post(f"{campaign}/launch")).status_code == 200
