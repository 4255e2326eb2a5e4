"""How the organisation stands: its own only, with what holds its campaigns up."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from domain.vocabulary import AttemptOutcome
from storage.models import (
    Base,
    CallFactRow,
    CampaignRow,
    DoNotCallListRow,
    LeadRow,
    NumberPoolRow,
    OrganizationRow,
)
from storage.standing import MOST_SHOWN
from tests.builders import add_attempt_of, add_lead, add_world, build_campaign, change
from tests.storage.any_row import any_row

Sessions = async_sessionmaker[AsyncSession]
Json = dict[str, Any]

CAMPAIGNS = "/api/v1/campaigns"


async def status(client: httpx.AsyncClient, **params: str) -> Json:
    answer = await client.get("/api/v1/status", params=params)
    assert answer.status_code == 200, answer.text
    told: Json = answer.json()
    return told


@pytest.fixture
async def campaign(admin: httpx.AsyncClient, sessions: Sessions) -> CampaignRow:
    """The default one, which runs; its pool has numbers."""
    (one,) = (await admin.get(CAMPAIGNS)).json()["items"]
    async with sessions() as session:
        return await session.get_one(CampaignRow, one["id"])


async def test_a_new_installation_has_a_campaign_that_nothing_holds_up_and_nobody_due(
    admin: httpx.AsyncClient,
) -> None:
    told = await status(admin)
    assert (told["workers"], told["live_calls"], told["leads_due"], told["is_cut"]) == (None, 0, 0, False)
    (campaign,) = told["campaigns"]
    assert (campaign["status"], campaign["held_up_by"], campaign["next_due_at"]) == ("running", [], None)
    assert [one["provider"] for one in told["accounts"]] == ["simulator"]
    assert [one["has_numbers"] for one in told["number_pools"]] == [True]


async def test_what_another_organisation_has_is_not_told(admin: httpx.AsyncClient, sessions: Sessions) -> None:
    before = await status(admin)
    theirs = await add_world(sessions, name="Theirs")
    lead = await add_lead(sessions, theirs, due_at=datetime.now(UTC) - timedelta(minutes=1))
    await add_attempt_of(sessions, theirs, lead)
    await add_calls(sessions, theirs.organization.id, datetime.now(UTC), "answered")
    assert await status(admin) | {"at": None} == before | {"at": None}


async def add_calls(sessions: Sessions, organization_id: UUID, at: datetime, *outcomes: str, **columns: object) -> None:
    """As the worker would have counted them."""
    values = {"organization_id": organization_id, "is_inbound": False, "counts": True, "started_at": at} | columns
    async with sessions.begin() as session:
        for outcome in outcomes:
            row = any_row(Base.metadata.tables["call_facts"], outcome=outcome, **values)
            await session.execute(insert(CallFactRow), [dict(row)])


async def test_before_the_first_call_of_a_day_every_outcome_has_none(admin: httpx.AsyncClient) -> None:
    today = (await status(admin))["today"]
    assert datetime.fromisoformat(today["since"]).timetz() == time(tzinfo=UTC)
    # How far the figures are is one instant for all organisations, and others of this database may have some.
    assert today == {
        "since": today["since"],
        "as_of": today["as_of"],
        "calls": 0,
        "refused": 0,
        "inbound": 0,
        "by_outcome": dict.fromkeys(AttemptOutcome, 0),
    }


async def test_todays_calls_are_told_by_what_they_came_to(
    admin: httpx.AsyncClient, sessions: Sessions, campaign: CampaignRow
) -> None:
    ours, began = campaign.organization_id, datetime.now(UTC) - timedelta(hours=3)
    await add_calls(sessions, ours, began, "answered", "answered", "voicemail", "no_answer")
    await add_calls(sessions, ours, began, "refused", counts=False)
    await add_calls(sessions, ours, began, "answered", "voicemail", is_inbound=True)
    await add_calls(sessions, ours, began - timedelta(microseconds=1), "busy")
    today = (await status(admin, today_since=began.isoformat()))["today"]
    assert datetime.fromisoformat(today["since"]) == began
    assert (today["calls"], today["refused"], today["inbound"]) == (4, 1, 2)
    assert {outcome: calls for outcome, calls in today["by_outcome"].items() if calls} == {
        "answered": 2,
        "voicemail": 1,
        "no_answer": 1,
        "refused": 1,
    }


async def test_an_outcome_that_a_newer_version_wrote_is_told_too(
    admin: httpx.AsyncClient, sessions: Sessions, campaign: CampaignRow
) -> None:
    began = datetime.now(UTC) - timedelta(hours=3)
    await add_calls(sessions, campaign.organization_id, began, "of a newer version")
    assert (await status(admin, today_since=began.isoformat()))["today"]["by_outcome"]["of a newer version"] == 1


@pytest.mark.parametrize("hours", [-49, 49], ids=["long-ago", "far-ahead"])
async def test_today_began_within_two_days_of_now(admin: httpx.AsyncClient, hours: int) -> None:
    since = datetime.now(UTC) + timedelta(hours=hours)
    answer = await admin.get("/api/v1/status", params={"today_since": since.isoformat()})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "today_since")


OpenAttempt = Callable[..., Awaitable[Any]]


async def test_live_calls_are_told_beside_the_caps_of_all_that_they_count_under(
    admin: httpx.AsyncClient, open_attempt: OpenAttempt
) -> None:
    await open_attempt("in_progress")
    told = await status(admin)
    counts = [one["live_calls"] for one in (told, *told["campaigns"], *told["number_pools"], *told["accounts"])]
    assert counts == [1, 1, 1, 1]
    assert told["number_pools"][0]["max_live_calls"] == 20


async def due_lead(admin: httpx.AsyncClient, sessions: Sessions, campaign: CampaignRow) -> None:
    """Posted, and planned for a moment ago as a worker would."""
    lead = (await admin.post("/api/v1/leads", json={"phone_number": "+12125550123"})).json()
    assert lead["campaign_id"] == str(campaign.id)
    async with sessions.begin() as session:
        row = await session.get_one(LeadRow, lead["id"])
        row.due_at = datetime.now(UTC) - timedelta(minutes=1)
        row.open_until = datetime.now(UTC) + timedelta(hours=1)


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        pytest.param({"status": "paused"}, "it is paused; resume it", id="paused"),
        pytest.param({"status": "draft"}, "it is a draft; launch it", id="draft"),
        pytest.param(
            {"parked_at": datetime(2026, 3, 2, tzinfo=UTC), "parked_reason": "refused_agent"},
            "the provider doesn't find its agent; name one that is published",
            id="parked",
        ),
        pytest.param(
            {"pilot_leads": 0, "launched_at": datetime(2026, 3, 2, tzinfo=UTC)}, "its pilot is over", id="pilot"
        ),
        pytest.param({"budget": Decimal(-1)}, "PATCH /api/v1/campaigns/{id} raises it", id="budget"),
    ],
)
async def test_who_is_due_and_held_up_is_told_apart_from_who_waits_for_a_slot(
    admin: httpx.AsyncClient, sessions: Sessions, campaign: CampaignRow, columns: Json, says: str
) -> None:
    await due_lead(admin, sessions, campaign)
    told = await status(admin)
    assert (told["leads_due"], told["leads_queued"], told["leads_held_up"]) == (1, 1, 0)
    await change(sessions, campaign, **columns)
    told = await status(admin)
    assert (told["leads_due"], told["leads_queued"], told["leads_held_up"]) == (1, 0, 1)
    (reason,) = told["campaigns"][0]["held_up_by"]
    assert says in reason


async def test_the_kill_switch_holds_up_every_campaign(admin: httpx.AsyncClient) -> None:
    await admin.post("/api/v1/organizations/current/stop")
    told = await status(admin)
    assert told["stopped_at"] is not None
    assert "organizations/current/start" in told["campaigns"][0]["held_up_by"][0]


async def test_what_is_parked_is_told_with_its_remedy_wherever_it_counts(
    admin: httpx.AsyncClient, sessions: Sessions, campaign: CampaignRow
) -> None:
    async with sessions.begin() as session:
        pool = await session.get_one(NumberPoolRow, campaign.number_pool_id)
        pool.parked_at, pool.parked_reason = datetime.now(UTC), "refused_caller_id"
    told = await status(admin)
    assert "import them at the provider" in told["number_pools"][0]["parked"]
    assert told["campaigns"][0]["held_up_by"] == [told["number_pools"][0]["parked"]]
    assert told["accounts"][0]["parked"] is None


async def test_a_pool_without_numbers_holds_its_campaigns_up(admin: httpx.AsyncClient, campaign: CampaignRow) -> None:
    await admin.patch(f"/api/v1/number-pools/{campaign.number_pool_id}", json={"from_numbers": []})
    told = await status(admin)
    assert told["number_pools"][0]["has_numbers"] is False
    assert "no number to call from" in told["campaigns"][0]["held_up_by"][0]


async def test_registries_that_are_too_old_are_told(
    admin: httpx.AsyncClient, sessions: Sessions, campaign: CampaignRow
) -> None:
    ages = {"Fresh": 30, "National": 32}
    async with sessions.begin() as session:
        for name, days in ages.items():
            refreshed = datetime.now(UTC) - timedelta(days=days)
            row = DoNotCallListRow(name=name, kind="registry", organization_id=campaign.organization_id)
            row.refreshed_at = refreshed
            session.add(row)
    (warning,) = (await status(admin))["registries"]
    assert "National" in warning
    assert "POST /api/v1/do-not-call/import" in warning


async def test_of_many_campaigns_those_that_run_come_first_and_the_rest_is_said_to_be_left_out(
    admin: httpx.AsyncClient, sessions: Sessions, campaign: CampaignRow
) -> None:
    async with sessions.begin() as session:
        pool = await session.get_one(NumberPoolRow, campaign.number_pool_id)
        ours = await session.get_one(OrganizationRow, campaign.organization_id)
        for place in range(MOST_SHOWN):
            session.add(build_campaign(ours, pool, status="paused" if place else "finished"))
    told = await status(admin)
    assert (len(told["campaigns"]), told["is_cut"]) == (MOST_SHOWN, False)
    assert [one["status"] for one in told["campaigns"]] == ["running", *["paused"] * (MOST_SHOWN - 1)]
    async with sessions.begin() as session:
        session.add(build_campaign(ours, pool))
    told = await status(admin)
    assert (len(told["campaigns"]), told["is_cut"], told["leads_due_is_cut"]) == (MOST_SHOWN, True, True)
    assert [one["status"] for one in told["campaigns"][:3]] == ["running", "running", "paused"]


async def test_it_is_no_busier_for_an_engine_that_is_away(app: FastAPI, admin: httpx.AsyncClient) -> None:
    """Nobody is asked who works; the rest is told."""
    assert await app.state.dependencies.engine.workers("leadline") is None
    assert (await status(admin))["workers"] is None
