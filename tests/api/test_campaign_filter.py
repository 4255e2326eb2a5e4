"""Lists and figures that are cut down to a campaign: one that isn't there is no empty list."""

from uuid import uuid4

import httpx
import pytest

BY_CAMPAIGN = (
    "leads",
    "leads/export",
    "calls",
    "calls/export",
    "calls/live",
    "imports",
    *(f"analytics/{figures}" for figures in ("summary", "by-agent", "by-source", "by-campaign", "by-hour", "cost")),
)


@pytest.mark.parametrize("path", BY_CAMPAIGN)
async def test_a_campaign_that_is_not_there_is_no_empty_list(admin: httpx.AsyncClient, path: str) -> None:
    answer = await admin.get(f"/api/v1/{path}", params={"campaign_id": str(uuid4())})
    assert (answer.status_code, "campaign" in answer.json()["detail"]) == (404, True)


@pytest.mark.parametrize("path", [path for path in BY_CAMPAIGN if path != "calls/live"])
async def test_by_a_campaign_that_is_there_it_is_cut_down(admin: httpx.AsyncClient, path: str) -> None:
    (campaign,) = (await admin.get("/api/v1/campaigns")).json()["items"]
    answer = await admin.get(f"/api/v1/{path}", params={"campaign_id": campaign["id"]})
    assert answer.status_code == 200
