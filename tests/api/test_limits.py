"""The limits of an organisation and of an account."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from storage.models import AccountRow, AuditEntryRow, OrganizationRow

Member = Callable[[str], Awaitable[httpx.AsyncClient]]
Sessions = async_sessionmaker[AsyncSession]

CURRENT = "/api/v1/organizations/current"
LIMITS = {"max_live_calls": 30, "max_calls_per_second": 2.5}


async def test_an_admin_limits_the_organisation_and_it_is_noted_without_values(
    admin: httpx.AsyncClient, sessions: Sessions
) -> None:
    before = (await admin.get(CURRENT)).json()
    assert (before["name"], before["max_live_calls"], before["max_calls_per_second"]) == ("Default", None, None)
    changed = await admin.patch(CURRENT, json={"name": "Agency"} | LIMITS)
    assert changed.json() == before | {"name": "Agency"} | LIMITS
    lifted = await admin.patch(CURRENT, json={"max_live_calls": None})
    assert lifted.json() == changed.json() | {"max_live_calls": None} == (await admin.get(CURRENT)).json()
    async with sessions() as session:
        entries = (await session.scalars(select(AuditEntryRow).order_by(AuditEntryRow.created_at))).all()
    assert [(entry.action, entry.details) for entry in entries] == [
        ("organization.changed", {"fields": ["max_calls_per_second", "max_live_calls", "name"]}),
        ("organization.changed", {"fields": ["max_live_calls"]}),
    ]


@pytest.mark.parametrize("role", ["operator", "viewer"])
async def test_only_an_admin_changes_the_organisation(member: Member, role: str) -> None:
    somebody = await member(role)
    assert (await somebody.patch(CURRENT, json={"name": "Mine"})).status_code == 403
    assert (await somebody.get(CURRENT)).json()["name"] == "Default"


async def test_nobody_reads_an_organisation_without_signing_in(anyone: httpx.AsyncClient) -> None:
    assert (await anyone.get(CURRENT)).status_code == 401


@pytest.mark.parametrize(
    ("change", "field"),
    [
        pytest.param({"name": None}, "name", id="no-name"),
        pytest.param({"name": " "}, "name", id="blank-name"),
        pytest.param({"max_live_calls": 0}, "max_live_calls", id="no-calls"),
        pytest.param({"max_live_calls": 10**11}, "max_live_calls", id="calls-without-end"),
        pytest.param({"max_calls_per_second": 0}, "max_calls_per_second", id="no-pace"),
        pytest.param({"max_calls_per_second": 1e-300}, "max_calls_per_second", id="one-call-in-an-age"),
        pytest.param({"provider_limit": 5}, "provider_limit", id="not-ours-to-change"),
    ],
)
@pytest.mark.parametrize("what", ["organisation", "account"])
async def test_impossible_limits_are_refused(
    admin: httpx.AsyncClient, what: str, change: dict[str, Any], field: str
) -> None:
    (account,) = (await admin.get("/api/v1/accounts")).json()["items"]
    path = CURRENT if what == "organisation" else f"/api/v1/accounts/{account['id']}"
    answer = await admin.patch(path, json=change)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


async def test_an_account_is_limited_and_shows_what_the_provider_says(
    admin: httpx.AsyncClient, member: Member, sessions: Sessions
) -> None:
    read_at = datetime(2026, 3, 2, 12, tzinfo=UTC)
    (before,) = (await admin.get("/api/v1/accounts")).json()["items"]
    async with sessions.begin() as session:
        values = {"provider_limit": 20, "provider_reserved": 3, "provider_elsewhere": 5, "parked_reason": "unpaid"}
        await session.execute(update(AccountRow).values(limits_read_at=read_at, **values))
    path = f"/api/v1/accounts/{before['id']}"
    assert (await (await member("viewer")).patch(path, json=LIMITS)).status_code == 403
    answer = await (await member("operator")).patch(path, json=LIMITS)
    expected = before | LIMITS | values | {"limits_read_at": "2026-03-02T12:00:00Z"}
    assert (answer.status_code, answer.json()) == (200, expected)
    assert (await admin.get("/api/v1/accounts")).json()["items"] == [expected]


async def test_another_organisations_account_does_not_exist(admin: httpx.AsyncClient, sessions: Sessions) -> None:
    async with sessions.begin() as session:
        other = OrganizationRow(id=uuid4(), name="Other")
        session.add(other)
        await session.flush()
        account = AccountRow(id=uuid4(), organization_id=other.id, name="Theirs", provider="simulator")
        session.add(account)
    for account_id in (account.id, UUID(int=0)):
        assert (await admin.patch(f"/api/v1/accounts/{account_id}", json=LIMITS)).status_code == 404
        assert (await admin.post(f"/api/v1/accounts/{account_id}/resume")).status_code == 404
