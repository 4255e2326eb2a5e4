from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from storage.models import AccountRow, AuditEntryRow, CallerIdRow, CampaignRow, NumberPoolRow

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
NOBODY = UUID(int=0)

Member = Callable[[str], Awaitable[httpx.AsyncClient]]


async def make(client: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    answer = await client.post("/api/v1/campaigns", json={"name": "Spring"} | fields)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_a_running_default_campaign_is_there_from_the_start(admin: httpx.AsyncClient) -> None:
    (campaign,) = (await admin.get("/api/v1/campaigns")).json()["items"]
    assert (campaign["is_default"], campaign["status"], campaign["max_attempts"]) == (True, "running", 4)
    assert campaign["windows"] == [
        {"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "opens": "08:00", "closes": "21:00"}
    ]
    assert campaign["retry_delays"]["no_answer"] == [1800, 14400, 86400]


async def test_a_campaign_begins_as_a_draft_and_is_launched_paused_and_resumed(admin: httpx.AsyncClient) -> None:
    campaign = await make(admin)
    path = f"/api/v1/campaigns/{campaign['id']}"
    assert (campaign["status"], campaign["launched_at"]) == ("draft", None)
    assert (await admin.post(f"{path}/pause")).status_code == 409
    for action, status in [("launch", "running"), ("launch", "running"), ("pause", "paused"), ("resume", "running")]:
        answer = await admin.post(f"{path}/{action}")
        assert (answer.status_code, answer.json()["status"]) == (200, status)
    assert (await admin.get(path)).json()["launched_at"].endswith("Z")


async def test_a_campaign_takes_what_was_given(admin: httpx.AsyncClient) -> None:
    given = {
        "name": "Everything",
        "agent_id": "agent_1",
        "agent_version": 3,
        "windows": [{"days": ["mon"], "opens": "00:00", "closes": "24:00"}],
        "calling_rules": "federal",
        "purpose": "informational",
        "max_attempts": 2,
        "max_attempts_per_day": 1,
        "max_attempts_per_24_hours": 2,
        "min_seconds_between_attempts": 0,
        "retry_delays": {"busy": [60]},
        "vary_part_of_day": True,
        "skip_if_reached_within_days": 30,
        "dispositions": [{"name": "hot", "from": {"field": "interest", "equals": "high"}, "then": "stop"}],
        "ring_seconds": 15,
        "max_call_seconds": 120,
        "max_live_calls": 2,
        "max_calls_per_second": 0.5,
        "voicemail": "leave_message",
        "duplicate_numbers": "allow",
        "transfer_number": "+12125550188",
        "transfer_hours": {
            "time_zone": "America/New_York",
            "windows": [{"days": ["mon"], "opens": "09:00", "closes": "17:00"}],
        },
        "memory_tokens": 0,
        "require_consent": True,
        "budget": 10.5,
    }
    campaign = await make(admin, **given)
    assert {name: campaign[name] for name in given} == given | {"agent_version": "3"}


async def test_a_change_leaves_the_rest_as_it_is(admin: httpx.AsyncClient) -> None:
    campaign = await make(admin, max_attempts=2, budget=3, dispositions=[{"name": "hot"}], max_attempts_per_day=1)
    change = {"max_attempts": 5, "budget": None, "dispositions": None, "max_attempts_per_day": None}
    answer = await admin.patch(f"/api/v1/campaigns/{campaign['id']}", json=change)
    assert answer.json() == campaign | change
    assert (await admin.get(f"/api/v1/campaigns/{campaign['id']}")).json() == campaign | change


async def test_a_budget_of_nothing_that_was_taken_once_is_none(
    admin: httpx.AsyncClient, sessions: async_sessionmaker[AsyncSession]
) -> None:
    campaign = await make(admin)
    async with sessions.begin() as session:
        await session.execute(update(CampaignRow).where(CampaignRow.id == UUID(campaign["id"])).values(budget=0))
    answer = await admin.patch(f"/api/v1/campaigns/{campaign['id']}", json={"max_attempts": 5})
    assert (answer.status_code, answer.json()["budget"], answer.json()["max_attempts"]) == (200, None, 5)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        pytest.param({"windows": []}, "windows", id="never-open"),
        pytest.param({"budget": 0}, "budget", id="a-budget-of-nothing"),
        pytest.param({"windows": [{"days": ["mon"], "opens": "21:00", "closes": "08:00"}]}, "windows", id="overnight"),
        pytest.param({"retry_delays": {"busy": [-1]}}, "retry_delays", id="back-in-time"),
        pytest.param({"retry_delays": {"bored": [1]}}, "retry_delays", id="unknown-outcome"),
        pytest.param({"max_attempts": 0}, "max_attempts", id="no-attempt"),
        pytest.param({"max_attempts": 10**12}, "max_attempts", id="attempts-without-end"),
        pytest.param({"max_call_seconds": 59}, "max_call_seconds", id="shorter-than-the-provider-allows"),
        pytest.param({"max_calls_per_second": 0}, "max_calls_per_second", id="no-pace"),
        pytest.param({"max_attempts_per_day": 0}, "max_attempts_per_day", id="no-attempt-a-day"),
        pytest.param({"max_attempts_per_24_hours": 0}, "max_attempts_per_24_hours", id="no-attempt-in-24-hours"),
        pytest.param({"min_seconds_between_attempts": -1}, "min_seconds_between_attempts", id="negative-distance"),
        pytest.param({"skip_if_reached_within_days": 0}, "skip_if_reached_within_days", id="rest-of-no-day"),
        pytest.param({"skip_if_reached_within_days": 3_651}, "skip_if_reached_within_days", id="rest-of-a-lifetime"),
        pytest.param({"vary_part_of_day": None}, "vary_part_of_day", id="neither-varied-nor-not"),
        pytest.param({"ring_seconds": 14}, "ring_seconds", id="rings-too-short"),
        pytest.param({"ring_seconds": 301}, "ring_seconds", id="rings-too-long"),
        pytest.param({"dispositions": []}, "dispositions", id="no-disposition"),
        pytest.param({"dispositions": [{"name": "Hot Lead!"}]}, "dispositions", id="bad-name-of-a-disposition"),
        pytest.param(
            {"dispositions": [{"name": "hot", "from": {"field": "a\x00", "present": True}}]}, "dispositions", id="nul"
        ),
        pytest.param({"transfer_number": "12"}, "transfer_number", id="nobody-s-number"),
        pytest.param({"transfer_hours": {"windows": []}}, "transfer_hours", id="transfers-nowhere"),
        pytest.param({"transfer_hours": []}, "transfer_hours", id="transfer-hours-of-no-shape"),
        pytest.param(
            {"transfer_hours": {"time_zone": "a\x00", "windows": []}}, "transfer_hours", id="a-place-with-nul"
        ),
        pytest.param({"memory_tokens": -1}, "memory_tokens", id="less-than-no-memory"),
        pytest.param({"memory_tokens": 4_001}, "memory_tokens", id="memory-without-end"),
        pytest.param({"memory_tokens": None}, "memory_tokens", id="neither-memory-nor-none"),
        pytest.param({"retry_delays": {"transferred": [60]}}, "retry_delays", id="again-after-a-transfer"),
        pytest.param({"name": None}, "name", id="no-name"),
        pytest.param({"calling_rules": "none"}, "calling_rules", id="unknown-rules"),
        pytest.param({"agent": "x"}, "agent", id="misspelt-field"),
    ],
)
@pytest.mark.parametrize("verb", ["post", "patch"])
async def test_an_impossible_campaign_is_refused(
    admin: httpx.AsyncClient, change: dict[str, Any], field: str, verb: str
) -> None:
    if verb == "post":
        answer = await admin.post("/api/v1/campaigns", json={"name": "Bad"} | change)
    else:
        campaign = await make(admin)
        answer = await admin.patch(f"/api/v1/campaigns/{campaign['id']}", json=change)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"].startswith(field)


async def test_two_campaigns_of_one_name_clash(admin: httpx.AsyncClient) -> None:
    await make(admin)
    other = await make(admin, name="Autumn")
    assert (await admin.post("/api/v1/campaigns", json={"name": "Spring"})).status_code == 409
    assert (await admin.patch(f"/api/v1/campaigns/{other['id']}", json={"name": "Spring"})).status_code == 409


async def test_only_an_admin_switches_the_calling_rules_off_and_it_is_noted(
    admin: httpx.AsyncClient, member: Member, sessions: async_sessionmaker[AsyncSession]
) -> None:
    operator = await member("operator")
    campaign = await make(operator)
    path = f"/api/v1/campaigns/{campaign['id']}"
    assert (await operator.patch(path, json={"calling_rules": "off"})).status_code == 403
    assert (await operator.post("/api/v1/campaigns", json={"name": "x", "calling_rules": "off"})).status_code == 403
    assert (await admin.patch(path, json={"calling_rules": "off"})).status_code == 200
    assert (await operator.patch(path, json={"max_attempts": 3})).status_code == 200
    assert (await operator.patch(path, json={"calling_rules": "strict"})).status_code == 200
    async with sessions() as session:
        switched = select(AuditEntryRow).where(AuditEntryRow.action.startswith("campaign.calling_rules"))
        entries = (await session.scalars(switched.order_by(AuditEntryRow.created_at))).all()
    assert [(entry.action, str(entry.target_id)) for entry in entries] == [
        ("campaign.calling_rules_off", campaign["id"]),
        ("campaign.calling_rules_on", campaign["id"]),
    ]


async def test_a_campaign_made_without_calling_rules_is_noted(
    admin: httpx.AsyncClient, sessions: async_sessionmaker[AsyncSession]
) -> None:
    campaign = await make(admin, calling_rules="off")
    await make(admin, name="Other")
    async with sessions() as session:
        (entry,) = await session.scalars(select(AuditEntryRow).where(AuditEntryRow.action != "campaign.made"))
    assert (entry.action, str(entry.target_id)) == ("campaign.calling_rules_off", campaign["id"])


async def test_a_campaign_without_caller_ids_is_not_launched(admin: httpx.AsyncClient) -> None:
    pool = (await admin.post("/api/v1/number-pools", json={"name": "Empty"})).json()
    campaign = await make(admin, number_pool_id=pool["id"])
    answer = await admin.post(f"/api/v1/campaigns/{campaign['id']}/launch")
    assert answer.status_code == 409
    assert "from_numbers" in answer.json()["detail"]


async def test_a_pool_keeps_when_its_numbers_were_last_used(
    admin: httpx.AsyncClient, sessions: async_sessionmaker[AsyncSession]
) -> None:
    body = {"name": "P", "carrier": "twilio", "from_numbers": ["+1 212 555 0101", "+12125550102", "+12125550101"]}
    pool = (await admin.post("/api/v1/number-pools", json=body)).json()
    assert pool["from_numbers"] == ["+12125550101", "+12125550102"]
    async with sessions.begin() as session:
        await session.execute(update(CallerIdRow).values(last_used_at=CallerIdRow.created_at))
    path = f"/api/v1/number-pools/{pool['id']}"
    changed = await admin.patch(path, json={"from_numbers": ["+12125550103", "+12125550102"], "max_live_calls": 3})
    assert changed.json()["from_numbers"] == ["+12125550103", "+12125550102"]
    assert (changed.json()["max_live_calls"], changed.json()["carrier"]) == (3, "twilio")
    assert (await admin.get(path)).json() == changed.json()
    async with sessions() as session:
        query = select(CallerIdRow).where(CallerIdRow.number_pool_id == pool["id"])
        used = {row.phone_number: row.last_used_at is not None for row in await session.scalars(query)}
    assert used == {"+12125550103": False, "+12125550102": True}


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"from_numbers": ["5"]}, id="no-number"),
        pytest.param({"carrier": "pigeon"}, id="unknown-carrier"),
        pytest.param({"max_live_calls": 0}, id="no-calls"),
        pytest.param({"max_live_calls": 10**11}, id="calls-without-end"),
        pytest.param({"max_calls_per_second": 0}, id="no-pace"),
    ],
)
async def test_an_impossible_pool_is_refused(admin: httpx.AsyncClient, change: dict[str, Any]) -> None:
    assert (await admin.post("/api/v1/number-pools", json={"name": "P"} | change)).status_code == 422
    (pool,) = (await admin.get("/api/v1/number-pools")).json()["items"]
    assert (await admin.patch(f"/api/v1/number-pools/{pool['id']}", json=change)).status_code == 422


async def test_simulated_campaigns_and_pools_never_move_to_a_real_account(
    admin: httpx.AsyncClient, sessions: async_sessionmaker[AsyncSession]
) -> None:
    async with sessions.begin() as session:
        simulated = (await session.scalars(select(NumberPoolRow))).one()
        real = AccountRow(organization_id=simulated.organization_id, name="Real", provider="retell")
        session.add(real)
        await session.flush()
    pool = (await admin.post("/api/v1/number-pools", json={"name": "Real", "account_id": str(real.id)})).json()
    (campaign,) = (await admin.get("/api/v1/campaigns")).json()["items"]
    moved = await admin.patch(f"/api/v1/campaigns/{campaign['id']}", json={"number_pool_id": pool["id"]})
    assert moved.status_code == 409
    moved = await admin.patch(f"/api/v1/number-pools/{simulated.id}", json={"account_id": str(real.id)})
    assert moved.status_code == 409
    async with sessions() as session:
        row = await session.get_one(CampaignRow, campaign["id"])
    assert row.number_pool_id == simulated.id


async def test_accounts_are_listed(admin: httpx.AsyncClient) -> None:
    (account,) = (await admin.get("/api/v1/accounts")).json()["items"]
    assert (account["provider"], account["is_default"]) == ("simulator", True)


@pytest.mark.parametrize(
    ("rows", "path"),
    [
        pytest.param(AccountRow, "/api/v1/accounts", id="account"),
        pytest.param(NumberPoolRow, "/api/v1/number-pools", id="number-pool"),
        pytest.param(CampaignRow, "/api/v1/campaigns", id="campaign"),
    ],
)
async def test_what_was_parked_at_a_refusal_is_resumed_by_hand(
    admin: httpx.AsyncClient,
    member: Member,
    sessions: async_sessionmaker[AsyncSession],
    rows: type[AccountRow] | type[NumberPoolRow] | type[CampaignRow],
    path: str,
) -> None:
    (parked,) = (await admin.get(path)).json()["items"]
    async with sessions.begin() as session:
        await session.execute(update(rows).values(parked_at=NOW, parked_reason="refused_payment"))
    assert (await admin.get(path)).json()["items"][0]["parked_reason"] == "refused_payment"
    assert (await (await member("viewer")).post(f"{path}/{parked['id']}/resume")).status_code == 403
    for _ in range(2):
        answer = await admin.post(f"{path}/{parked['id']}/resume")
        assert (answer.status_code, answer.json()["parked_reason"]) == (200, None)
    assert (await admin.post(f"{path}/{NOBODY}/resume")).status_code == 404
