import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from storage.models import ContactRow, LeadRow, OrganizationRow

Attempts = Callable[..., Awaitable[Any]]


async def test_a_lead_is_taken_although_the_engine_is_away(
    admin: httpx.AsyncClient, sessions: async_sessionmaker[AsyncSession]
) -> None:
    answer = await admin.post("/api/v1/leads", json={"phone_number": "(212) 555-0123", "name": " Ada "})
    assert answer.status_code == 201
    lead = answer.json()
    assert lead["phone_number"] == "+12125550123"
    assert lead["name"] == "Ada"
    assert (lead["status"], lead["outcome"], lead["attempts"]) == ("new", None, [])
    assert lead["time_zone"] == "America/New_York"
    assert lead["created_at"].endswith("Z")
    async with sessions() as session:
        row = await session.get_one(LeadRow, lead["id"])
        assert row.handed_over_at is None
    assert (await admin.get(f"/api/v1/leads/{lead['id']}")).json() == lead


async def test_everything_that_was_given_comes_back(admin: httpx.AsyncClient) -> None:
    given = {
        "phone_number": "+12125550123",
        "name": "Zoë 😀",
        "source": "facebook",
        "time_zone": "America/Chicago",
        "region": "US-IL",
        "postal_code": "60601",
        "external_id": "crm-1",
        "priority": 1,
        "not_before": "2027-01-02T09:00:00-05:00",
        "consent": {"basis": "written", "text": "I agree", "given_at": "2026-01-02T09:00:00+01:00"},
        "custom_fields": {"nested": {"list": [1, 2.5, None, True, "ü"]}, "": "empty key"},
    }
    lead = (await admin.post("/api/v1/leads", json=given)).json()
    same = ("name", "source", "time_zone", "region", "postal_code", "external_id", "priority", "custom_fields")
    assert {name: lead[name] for name in same} == {name: given[name] for name in same}
    assert lead["not_before"] == "2027-01-02T14:00:00Z"
    assert lead["consent"] == {"basis": "written", "text": "I agree", "given_at": "2026-01-02T08:00:00Z"}
    assert (await admin.get(f"/api/v1/leads/{lead['id']}")).json() == lead


async def test_all_zones_a_number_may_be_in_are_kept(admin: httpx.AsyncClient) -> None:
    lead = (await admin.post("/api/v1/leads", json={"phone_number": "+1 208 555 0123"})).json()
    assert set(lead["time_zones"]) >= {"America/Boise", "America/Los_Angeles"}
    assert lead["time_zone"] == lead["time_zones"][0]


async def test_a_lead_without_consent_has_none_in_the_database(
    admin: httpx.AsyncClient, sessions: async_sessionmaker[AsyncSession]
) -> None:
    await admin.post("/api/v1/leads", json={"phone_number": "+12125550123"})
    await admin.post("/api/v1/leads", json={"phone_number": "+12125550124", "consent": {"basis": "written"}})
    async with sessions() as session:
        without = await session.scalar(select(func.count()).where(LeadRow.consent.is_(None)))
    assert without == 1


async def test_the_same_external_id_gives_the_same_lead(admin: httpx.AsyncClient) -> None:
    first = await admin.post("/api/v1/leads", json={"phone_number": "+12125550123", "external_id": "7"})
    second = await admin.post("/api/v1/leads", json={"phone_number": "+12125550124", "external_id": "7"})
    assert (first.status_code, second.status_code) == (201, 200)
    assert second.json()["id"] == first.json()["id"]
    assert second.json()["phone_number"] == "+12125550123"


@pytest.mark.parametrize(
    "numbers",
    [
        pytest.param(["+12125550123"] * 8, id="same-number"),
        pytest.param([f"+121255501{n:02}" for n in range(8)], id="different-numbers"),
    ],
)
async def test_posts_of_one_external_id_at_once_make_one_lead(
    admin: httpx.AsyncClient, sessions: async_sessionmaker[AsyncSession], numbers: list[str]
) -> None:
    bodies = [{"phone_number": number, "external_id": "7"} for number in numbers]
    answers = await asyncio.gather(*(admin.post("/api/v1/leads", json=body) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    assert len({answer.json()["id"] for answer in answers}) == 1
    async with sessions() as session:
        assert await session.scalar(select(func.count()).select_from(LeadRow)) == 1


async def test_posts_of_one_number_at_once_make_one_lead_and_one_contact(
    admin: httpx.AsyncClient, sessions: async_sessionmaker[AsyncSession]
) -> None:
    answers = await asyncio.gather(
        *(admin.post("/api/v1/leads", json={"phone_number": "2125550123"}) for _ in range(8))
    )
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    async with sessions() as session:
        assert await session.scalar(select(func.count()).select_from(LeadRow)) == 1
        assert await session.scalar(select(func.count()).select_from(ContactRow)) == 1


async def test_a_campaign_may_refuse_a_number_twice(admin: httpx.AsyncClient) -> None:
    campaign = await admin.post("/api/v1/campaigns", json={"name": "Once", "duplicate_numbers": "refuse"})
    body = {"phone_number": "+12125550123", "campaign_id": campaign.json()["id"]}
    first = await admin.post("/api/v1/leads", json=body)
    second = await admin.post("/api/v1/leads", json=body)
    assert (first.status_code, second.status_code) == (201, 409)
    assert second.json()["lead_id"] == first.json()["id"]


async def test_a_campaign_may_allow_a_number_twice(admin: httpx.AsyncClient) -> None:
    campaign = await admin.post("/api/v1/campaigns", json={"name": "Often", "duplicate_numbers": "allow"})
    body = {"phone_number": "+12125550123", "campaign_id": campaign.json()["id"]}
    answers = [await admin.post("/api/v1/leads", json=body) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json()["id"] != answers[1].json()["id"]


async def test_the_same_number_in_another_campaign_is_another_lead(admin: httpx.AsyncClient) -> None:
    campaign = await admin.post("/api/v1/campaigns", json={"name": "Other"})
    body = {"phone_number": "+12125550123"}
    answers = [
        await admin.post("/api/v1/leads", json=body),
        await admin.post("/api/v1/leads", json=body | {"campaign_id": campaign.json()["id"]}),
    ]
    assert [answer.status_code for answer in answers] == [201, 201]


async def test_pages_show_every_lead_once_newest_first(admin: httpx.AsyncClient) -> None:
    for n in range(7):
        await admin.post("/api/v1/leads", json={"phone_number": f"+121255501{n:02}"})
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (await admin.get("/api/v1/leads", params={"limit": 3, "cursor": cursor})).json()
        seen += [lead["phone_number"] for lead in page["items"]]
        cursor = page["next_cursor"]
    assert seen == [f"+121255501{n:02}" for n in reversed(range(7))]


@pytest.mark.parametrize(
    ("params", "found"),
    [
        pytest.param({"source": "web"}, {"Ann"}, id="source"),
        pytest.param({"q": "bO"}, {"Bob"}, id="part-of-a-name"),
        pytest.param({"q": "0124"}, {"Bob"}, id="part-of-a-number"),
        pytest.param({"q": "crm-9"}, {"Ann"}, id="external-id"),
        pytest.param({"q": "%"}, set(), id="a-wildcard-is-a-character"),
        pytest.param({"status": "new"}, {"Ann", "Bob"}, id="status"),
        pytest.param({"outcome": "reached"}, set(), id="outcome"),
        pytest.param({"disposition": "interested"}, set(), id="disposition"),
    ],
)
async def test_filters_narrow_the_list(admin: httpx.AsyncClient, params: dict[str, str], found: set[str]) -> None:
    ann = {"phone_number": "+12125550123", "name": "Ann", "source": "web", "external_id": "crm-9"}
    await admin.post("/api/v1/leads", json=ann)
    await admin.post("/api/v1/leads", json={"phone_number": "+12125550124", "name": "Bob"})
    page = (await admin.get("/api/v1/leads", params=params)).json()
    assert {lead["name"] for lead in page["items"]} == found


@pytest.mark.parametrize(
    "params",
    [
        pytest.param({"status": "sleeping"}, id="unknown-status"),
        pytest.param({"q": "a\x00b"}, id="nul"),
        pytest.param({"cursor": "x"}, id="invented-cursor"),
        pytest.param({"cursor": "é" * 10}, id="cursor-beyond-ascii"),
        pytest.param({"cursor": "f" * 32}, id="cursor-out-of-time"),
        pytest.param({"limit": "0"}, id="no-rows"),
        pytest.param({"limit": "100000"}, id="too-many-rows"),
        pytest.param({"campaign_id": "1"}, id="no-id"),
    ],
)
async def test_impossible_filters_are_refused(admin: httpx.AsyncClient, params: dict[str, str]) -> None:
    answer = await admin.get("/api/v1/leads", params=params)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


async def test_attempts_are_shown_with_seconds_and_main_units(admin: httpx.AsyncClient, open_attempt: Attempts) -> None:
    attempt = await open_attempt(
        "in_progress",
        call_id="call_7",
        started_at=datetime(2026, 3, 4, 12, 0, tzinfo=UTC),
        duration_ms=61_500,
        cost_cents=Decimal("12.5"),
        analysis={"summary": "fine"},
        transcript="Agent: hello",
    )
    lead = (await admin.get(f"/api/v1/leads/{attempt.lead_id}")).json()
    (shown,) = lead["attempts"]
    assert shown["started_at"] == "2026-03-04T12:00:00Z"
    assert (shown["duration_seconds"], shown["cost"]) == (61.5, 0.125)
    assert (shown["number"], shown["call_id"], shown["analysis"]) == (1, "call_7", {"summary": "fine"})
    call = (await admin.get("/api/v1/calls/call_7")).json()
    assert call["lead_id"] == str(attempt.lead_id)
    assert [item["call_id"] for item in (await admin.get("/api/v1/calls")).json()["items"]] == ["call_7"]


async def test_another_organisations_lead_does_not_exist(
    admin: httpx.AsyncClient, open_attempt: Attempts, sessions: async_sessionmaker[AsyncSession]
) -> None:
    attempt = await open_attempt(call_id="call_7")
    async with sessions.begin() as session:
        other = OrganizationRow(name="Other")
        session.add(other)
        await session.flush()
        lead = await session.get_one(LeadRow, attempt.lead_id)
        lead.organization_id = other.id
    assert (await admin.get(f"/api/v1/leads/{attempt.lead_id}")).status_code == 404
    assert (await admin.post(f"/api/v1/leads/{attempt.lead_id}/cancel")).status_code == 404
    assert (await admin.get("/api/v1/leads")).json()["items"] == []


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("/api/v1/leads/00000000-0000-0000-0000-000000000000", id="lead"),
        pytest.param("/api/v1/calls/call_0", id="call"),
        pytest.param("/api/v1/campaigns/00000000-0000-0000-0000-000000000000", id="campaign"),
        pytest.param("/api/v1/number-pools/00000000-0000-0000-0000-000000000000", id="number-pool"),
        pytest.param("/api/v1/nothing", id="route"),
    ],
)
async def test_what_does_not_exist_is_a_problem(admin: httpx.AsyncClient, path: str) -> None:
    answer = await admin.get(path)
    assert answer.status_code == 404
    assert set(answer.json()) == {"type", "title", "status", "detail", "request_id"}
