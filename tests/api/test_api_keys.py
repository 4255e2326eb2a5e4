"""Keys of machines: made, shown once, used in a role, revoked; and named by the audit log."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from storage.models import ApiKeyRow, AttemptRow, AuditEntryRow
from tests.api.conftest import AttemptOfLead

Sessions = async_sessionmaker[AsyncSession]
Member = Callable[[str], Awaitable[httpx.AsyncClient]]
URL = "/api/v1/api-keys"
LEAD = {"phone_number": "+12125550123"}


async def make(admin: httpx.AsyncClient, role: str = "operator", **more: object) -> dict[str, Any]:
    answer = await admin.post(URL, json={"name": "Our CRM", "role": role, **more})
    assert answer.status_code == 201
    body: dict[str, Any] = answer.json()
    return body


@pytest.fixture
async def machine(app: FastAPI, admin: httpx.AsyncClient) -> AsyncIterator[httpx.AsyncClient]:
    """Knows a key of an operator."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://leadline") as client:
        client.headers["Authorization"] = f"Bearer {(await make(admin))['key']}"
        yield client


async def test_a_key_is_shown_once_and_not_stored(admin: httpx.AsyncClient, sessions: Sessions) -> None:
    made = await make(admin)
    assert made["key"].startswith("ll_")
    assert made["key"].endswith(made["hint"])
    listed = (await admin.get(URL)).json()["items"]
    assert listed == [{name: value for name, value in made.items() if name != "key"}]
    async with sessions() as session:
        (row,) = await session.scalars(select(ApiKeyRow))
        (entry,) = await session.scalars(select(AuditEntryRow))
    assert made["key"] not in f"{vars(row)}{vars(entry)}"
    assert entry.details == {"name": "Our CRM", "role": "operator"}


@pytest.mark.parametrize(("role", "status"), [("viewer", 403), ("operator", 201), ("admin", 201)])
async def test_a_key_may_what_its_role_may(
    anyone: httpx.AsyncClient, admin: httpx.AsyncClient, role: str, status: int
) -> None:
    anyone.headers["Authorization"] = f"Bearer {(await make(admin, role))['key']}"
    assert (await anyone.get("/api/v1/leads")).status_code == 200
    assert (await anyone.post("/api/v1/leads", json=LEAD)).status_code == status
    assert (await anyone.get(URL)).status_code == (200 if role == "admin" else 403)


async def test_who_am_i_names_the_machine(machine: httpx.AsyncClient, sessions: Sessions) -> None:
    me = (await machine.get("/api/v1/auth/me")).json()
    async with sessions() as session:
        (row,) = await session.scalars(select(ApiKeyRow))
    assert (me["api_key_id"], me["user_id"], me["email"]) == (str(row.id), None, None)
    assert [(one["id"], one["role"]) for one in me["organizations"]] == [(me["organization_id"], "operator")]


async def test_what_a_machine_does_is_noted_under_its_key(machine: httpx.AsyncClient, admin: httpx.AsyncClient) -> None:
    assert (await machine.post("/api/v1/organizations/current/stop")).status_code == 200
    assert (await machine.post("/api/v1/do-not-call", json=LEAD)).status_code in (200, 201)
    lead = (await machine.post("/api/v1/leads", json={"phone_number": "+12125550124"})).json()
    assert (await machine.patch(f"/api/v1/leads/{lead['id']}", json={"name": "Somebody"})).status_code == 200
    entries = (await admin.get("/api/v1/audit-log")).json()["items"]
    assert [one["action"] for one in entries] == [
        "lead.changed",
        "contact.calls_forbidden",
        "organization.stopped",
        "api_key.made",
    ]
    assert {(one["user_id"], one["api_key_name"]) for one in entries[:3]} == {(None, "Our CRM")}
    assert (entries[3]["email"], entries[3]["api_key_id"]) == ("admin@localhost", None)


async def test_a_disposition_by_a_machine_is_by_hand_too(
    machine: httpx.AsyncClient,
    open_attempt: Callable[..., Awaitable[AttemptOfLead]],
    sessions: Sessions,
) -> None:
    now = datetime.now(UTC)
    attempt = await open_attempt(
        "done", outcome="answered", counts=True, ended_at=now, slot_released_at=now, settled_at=now
    )
    answer = await machine.patch(f"/api/v1/leads/{attempt.lead_id}", json={"disposition": "interested"})
    assert answer.status_code == 200
    async with sessions() as session:
        (key,) = await session.scalars(select(ApiKeyRow))
        row = await session.get_one(AttemptRow, attempt.attempt_id)
    assert row.disposition_by == key.id


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        pytest.param("POST", "/api/v1/auth/sign-out", None, id="sign-out"),
        pytest.param("POST", "/api/v1/auth/password", {"current_password": "x", "new_password": "y" * 12}, id="pass"),
        pytest.param("POST", "/api/v1/auth/token/switch", {"organization_id": str(UUID(int=1))}, id="switch"),
        pytest.param("POST", "/api/v1/organizations", {"name": "Another"}, id="organisation"),
    ],
)
async def test_what_is_for_people_is_refused_to_machines(
    anyone: httpx.AsyncClient, admin: httpx.AsyncClient, method: str, path: str, body: dict[str, str] | None
) -> None:
    anyone.headers["Authorization"] = f"Bearer {(await make(admin, 'admin'))['key']}"
    answer = await anyone.request(method, path, json=body)
    assert (answer.status_code, "API key" in answer.json()["detail"]) == (403, True)


async def test_a_revoked_key_opens_nothing_and_stays_listed(
    machine: httpx.AsyncClient, admin: httpx.AsyncClient, sessions: Sessions
) -> None:
    (key,) = (await admin.get(URL)).json()["items"]
    for _ in range(2):
        assert (await admin.delete(f"{URL}/{key['id']}")).status_code == 204
    answer = await machine.get("/api/v1/leads")
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert (await admin.get(URL)).json()["items"][0]["revoked_at"].endswith("Z")
    async with sessions() as session:
        revoked = select(AuditEntryRow).where(AuditEntryRow.action == "api_key.revoked")
        assert len((await session.scalars(revoked)).all()) == 1


async def test_a_key_holds_until_it_expires(machine: httpx.AsyncClient, sessions: Sessions) -> None:
    for ahead, status in ((timedelta(minutes=5), 200), (timedelta(seconds=-1), 401)):
        async with sessions.begin() as session:
            await session.execute(update(ApiKeyRow).values(expires_at=datetime.now(UTC) + ahead))
        assert (await machine.get("/api/v1/leads")).status_code == status


@pytest.mark.parametrize("key", ["ll_", "ll_unknown", "ll_" + "x" * 5_000, "ll_\udcff"])
async def test_an_unknown_key_opens_nothing(anyone: httpx.AsyncClient, admin: httpx.AsyncClient, key: str) -> None:
    headers = {b"Authorization": f"Bearer {key}".encode("utf-8", "surrogateescape")}
    assert (await anyone.get("/api/v1/leads", headers=headers)).status_code == 401


async def test_when_a_key_was_used_is_written_once_a_minute(machine: httpx.AsyncClient, sessions: Sessions) -> None:
    async def used() -> datetime | None:
        async with sessions() as session:
            return (await session.scalars(select(ApiKeyRow.last_used_at))).one()

    await machine.get("/api/v1/leads")
    first = await used()
    assert first is not None
    await machine.get("/api/v1/leads")
    assert await used() == first
    async with sessions.begin() as session:
        await session.execute(update(ApiKeyRow).values(last_used_at=first - timedelta(minutes=2)))
    await machine.get("/api/v1/leads")
    assert (await used() or first) > first


@pytest.mark.parametrize(
    "more",
    [
        pytest.param({"role": "owner"}, id="no-such-role"),
        pytest.param({"name": ""}, id="no-name"),
        pytest.param({"expires_at": "2020-01-01T00:00:00Z"}, id="expired-already"),
        pytest.param({"expires_at": "2030-01-01T00:00:00"}, id="no-offset"),
        pytest.param({"rate_limit": "off"}, id="no-limit"),
        pytest.param({"rate_limit": "0/minute"}, id="nothing-at-all"),
        pytest.param({"key": "ll_mine"}, id="a-key-of-ones-own"),
    ],
)
async def test_what_is_no_key_is_refused(admin: httpx.AsyncClient, more: dict[str, str]) -> None:
    assert (await admin.post(URL, json={"name": "CRM", "role": "viewer"} | more)).status_code == 422


async def test_only_admins_see_keys(member: Member) -> None:
    for role in ("viewer", "operator"):
        client = await member(role)
        assert (await client.get(URL)).status_code == 403
        assert (await client.post(URL, json={"name": "CRM", "role": "viewer"})).status_code == 403
