"""What a campaign would do is told without calling anybody, and without changing anything."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from storage.models import AccountRow, CampaignRow, ContactRow, LeadRow

ALWAYS = [{"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "opens": "00:00", "closes": "24:00"}]
Sessions = async_sessionmaker[AsyncSession]


@pytest.fixture
async def campaign(admin: httpx.AsyncClient) -> dict[str, Any]:
    pool = {
        "name": "Numbers",
        "from_numbers": ["+12125550111"],
        "max_live_calls": 2,
        "max_calls_per_second": 5,
        "cost_per_minute": 0.02,
    }
    pool_id = (await admin.post("/api/v1/number-pools", json=pool)).json()["id"]
    body = {"name": "Spring", "number_pool_id": pool_id, "windows": ALWAYS, "calling_rules": "off", "max_attempts": 1}
    made: dict[str, Any] = (await admin.post("/api/v1/campaigns", json=body)).json()
    return made


async def preview(admin: httpx.AsyncClient, campaign: dict[str, Any], limit: int = 20) -> dict[str, Any]:
    answer = await admin.get(f"/api/v1/campaigns/{campaign['id']}/preview?limit={limit}")
    assert answer.status_code == 200, answer.text
    said: dict[str, Any] = answer.json()
    return said


async def add_lead(admin: httpx.AsyncClient, campaign: dict[str, Any], number: str, **fields: Any) -> str:  # noqa: ANN401
    body = {"phone_number": number, "campaign_id": campaign["id"], "time_zone": "America/Chicago"} | fields
    answer = await admin.post("/api/v1/leads", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def test_a_campaign_without_leads_calls_nobody(admin: httpx.AsyncClient, campaign: dict[str, Any]) -> None:
    said = await preview(admin, campaign)
    assert (said["callable"], said["first"], said["finishes_at"], said["cost"]) == (0, [], None, 0.0)
    assert said["held_up_by"] == "the campaign is draft"


async def test_each_lead_is_told_when_it_would_be_called_or_why_it_would_not(
    admin: httpx.AsyncClient, campaign: dict[str, Any], sessions: Sessions
) -> None:
    later = (datetime.now(UTC) + timedelta(days=3)).replace(microsecond=0)
    now = await add_lead(admin, campaign, "+13125550121", priority=1)
    waits = await add_lead(admin, campaign, "+13125550122", priority=2, not_before=later.isoformat())
    listed = await add_lead(admin, campaign, "+13125550123", priority=3)
    async with sessions.begin() as session:
        await session.execute(
            update(ContactRow).where(ContactRow.phone_number == "+13125550123").values(do_not_call_at=later)
        )
    said = await preview(admin, campaign)
    first = {one["lead_id"]: one for one in said["first"]}
    assert list(first) == [now, waits, listed]
    assert datetime.fromisoformat(first[now]["calls_at"]) <= datetime.now(UTC)
    assert datetime.fromisoformat(first[waits]["calls_at"]) == later
    assert (first[listed]["calls_at"], first[listed]["skipped"]) == (None, "do_not_call")
    assert said["counts"] == {"waiting": 3, "in_progress": 0, "done": 0, "do_not_call": 1, "consent_missing": 0}
    assert (said["callable"], said["callable_now"], said["is_estimate"]) == (2, 1, False)
    assert said["skipped"] == [{"reason": "do_not_call", "leads": 1}]
    assert (await admin.get(f"/api/v1/leads/{now}")).json()["attempts"] == []


async def test_leads_that_no_hour_suits_are_skipped_and_say_what_helps(
    admin: httpx.AsyncClient, campaign: dict[str, Any]
) -> None:
    await add_lead(admin, campaign, "+13125550121")
    late = [{"days": ["mon"], "opens": "21:30", "closes": "22:00"}]
    await admin.patch(f"/api/v1/campaigns/{campaign['id']}", json={"windows": late, "calling_rules": "strict"})
    said = await preview(admin, campaign)
    assert (said["callable"], said["skipped"]) == (0, [{"reason": "no_calling_hours", "leads": 1}])
    (one,) = said["first"]
    assert one["calls_at"] is None
    assert one["why"].endswith("have no hour in common; widen the windows")


async def test_leads_without_consent_are_skipped_where_it_is_required(
    admin: httpx.AsyncClient, campaign: dict[str, Any]
) -> None:
    await add_lead(admin, campaign, "+13125550121")
    await admin.patch(f"/api/v1/campaigns/{campaign['id']}", json={"require_consent": True})
    said = await preview(admin, campaign)
    assert (said["counts"]["consent_missing"], said["skipped"]) == (1, [{"reason": "consent_missing", "leads": 1}])


async def test_the_cap_that_binds_the_finish_and_the_cost_are_told_with_what_was_assumed(
    admin: httpx.AsyncClient, campaign: dict[str, Any], sessions: Sessions
) -> None:
    for number in range(6):
        await add_lead(admin, campaign, f"+1312555012{number}")
    said = await preview(admin, campaign, limit=0)
    assert (said["binding_cap"], said["calls_per_hour"], said["expected_calls"]) == ("number_pool_live_calls", 120, 6)
    takes = datetime.fromisoformat(said["finishes_at"]) - datetime.fromisoformat(said["as_of"])
    assert timedelta(seconds=179) < takes < timedelta(seconds=181)
    assert said["cost"] == 0.09  # six calls, half of them answered, 90 s each at 0.02 a minute
    assert any("assumed" in sentence for sentence in said["assumptions"])
    async with sessions.begin() as session:
        await session.execute(update(AccountRow).values(provider_limit=5, provider_reserved=4))
    assert (await preview(admin, campaign))["binding_cap"] == "provider_live_calls"


async def test_a_campaign_that_may_never_call_has_no_finish(
    admin: httpx.AsyncClient, campaign: dict[str, Any], sessions: Sessions
) -> None:
    await add_lead(admin, campaign, "+13125550121")
    async with sessions.begin() as session:
        await session.execute(update(AccountRow).values(provider_limit=0))
    said = await preview(admin, campaign)
    assert (said["calls_per_hour"], said["finishes_at"]) == (0, None)


async def test_many_leads_are_told_from_a_sample_that_says_so(
    admin: httpx.AsyncClient, campaign: dict[str, Any], sessions: Sessions
) -> None:
    await add_many(sessions, campaign, 1_200)
    said = await preview(admin, campaign)
    assert (said["is_estimate"], said["sampled"], said["callable"], len(said["first"])) == (True, 500, 1_200, 20)
    assert said["counts"]["waiting"] == 1_200


async def add_many(sessions: Sessions, campaign: dict[str, Any], count: int) -> None:
    async with sessions.begin() as session:
        row = (await session.scalars(select(CampaignRow).where(CampaignRow.id == campaign["id"]))).one()
        ids = [uuid4() for _ in range(count)]
        common = {"organization_id": row.organization_id}
        contacts = [common | {"id": one, "phone_number": f"+1312{5_000_000 + n}"} for n, one in enumerate(ids)]
        lead = common | {
            "campaign_id": row.id,
            "time_zones": ["America/Chicago"],
            "time_zone_source": "given",
            "custom_fields": {},
        }
        await session.execute(insert(ContactRow), contacts)
        await session.execute(insert(LeadRow), [lead | {"id": uuid4(), "contact_id": one} for one in ids])


async def test_a_foreign_campaign_has_no_preview(admin: httpx.AsyncClient) -> None:
    answer = await admin.get(f"/api/v1/campaigns/{uuid4()}/preview")
    assert answer.status_code == 404
