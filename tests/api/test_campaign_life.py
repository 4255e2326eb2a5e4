"""The end of a campaign, and where it is put then."""

from collections.abc import Awaitable, Callable

import httpx
import pytest
from fastapi import FastAPI

from api.dependencies import Dependencies

CAMPAIGNS = "/api/v1/campaigns"
Member = Callable[[str], Awaitable[httpx.AsyncClient]]


@pytest.fixture
async def path(admin: httpx.AsyncClient) -> str:
    made = (await admin.post(CAMPAIGNS, json={"name": "Spring"})).json()
    return f"{CAMPAIGNS}/{made['id']}"


async def settle(app: FastAPI) -> None:
    """What is done after the answer."""
    dependencies: Dependencies = app.state.dependencies
    await dependencies.background.drain(timeout_seconds=5)


async def test_a_finished_campaign_ends_its_leads_takes_no_more_and_never_runs_again(
    admin: httpx.AsyncClient, path: str, app: FastAPI
) -> None:
    body = {"phone_number": "+12125550199", "campaign_id": path.rsplit("/", 1)[1]}
    lead = (await admin.post("/api/v1/leads", json=body)).json()["id"]
    assert (await admin.post(f"{path}/finish")).status_code == 409, "a draft is no campaign that was launched"
    await admin.post(f"{path}/launch")
    for _ in range(2):
        answer = await admin.post(f"{path}/finish")
        assert (answer.status_code, answer.json()["status"]) == (200, "finished")
    await settle(app)
    ended = (await admin.get(f"/api/v1/leads/{lead}")).json()
    assert (ended["status"], ended["outcome"], ended["waiting_for"]) == ("done", "cancelled", None)
    refused = await admin.post("/api/v1/leads", json=body | {"phone_number": "+12125550188"})
    assert (refused.status_code, "finished" in refused.json()["detail"]) == (409, True)
    for action in ("launch", "resume", "pause"):
        assert (await admin.post(f"{path}/{action}")).status_code == 409


async def test_what_was_put_away_is_listed_on_demand_only(admin: httpx.AsyncClient, path: str) -> None:
    assert (await admin.post(f"{path}/archive")).json()["status"] == "archived"
    names = [one["name"] for one in (await admin.get(CAMPAIGNS)).json()["items"]]
    with_archived = [one["name"] for one in (await admin.get(f"{CAMPAIGNS}?archived=true")).json()["items"]]
    assert ("Spring" in names, "Spring" in with_archived) == (False, True)
    assert (await admin.get(path)).json()["status"] == "archived"


async def test_only_what_is_over_or_never_began_is_put_away(
    admin: httpx.AsyncClient, path: str, member: Member
) -> None:
    await admin.post(f"{path}/launch")
    assert (await admin.post(f"{path}/archive")).status_code == 409
    (default,) = [one for one in (await admin.get(CAMPAIGNS)).json()["items"] if one["is_default"]]
    assert (await admin.post(f"{CAMPAIGNS}/{default['id']}/archive")).status_code == 409
    await admin.post(f"{path}/finish")
    assert (await (await member("viewer")).post(f"{path}/archive")).status_code == 403
    assert (await admin.post(f"{path}/archive")).status_code == 200


async def test_a_pilot_is_released_by_resuming(admin: httpx.AsyncClient, path: str) -> None:
    launched = await admin.post(f"{path}/launch", json={"pilot": 3})
    assert (launched.status_code, launched.json()["pilot_leads"]) == (200, 3)
    assert (await admin.get(path)).json()["pilot_begun"] == 0
    resumed = await admin.post(f"{path}/resume")
    assert (resumed.json()["status"], resumed.json()["pilot_leads"]) == ("running", None)
    assert (await admin.post(f"{path}/launch", json={"pilot": 0})).status_code == 422


async def test_a_pilot_that_was_paused_in_its_midst_goes_on(admin: httpx.AsyncClient, path: str) -> None:
    await admin.post(f"{path}/launch", json={"pilot": 3})
    await admin.post(f"{path}/pause")
    assert (await admin.post(f"{path}/resume")).json()["pilot_leads"] == 3
