"""Who did what: written with what was done, read by admins, never changed."""

import ast
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from storage.models import AuditEntryRow, OrganizationRow

Sessions = async_sessionmaker[AsyncSession]
Member = Callable[[str], Awaitable[httpx.AsyncClient]]
URL = "/api/v1/audit-log"
API = Path(__file__).parents[2] / "api"


async def read(admin: httpx.AsyncClient, **query: str) -> list[dict[str, Any]]:
    answer = await admin.get(URL, params=query)
    assert answer.status_code == 200
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


@pytest.fixture
async def entries(admin: httpx.AsyncClient) -> list[dict[str, Any]]:
    """Stopped, started, stopped: the newest first."""
    for switch in ("stop", "start", "stop"):
        await admin.post(f"/api/v1/organizations/current/{switch}")
    return await read(admin)


@pytest.mark.parametrize("statement", [update(AuditEntryRow).values(action="x"), delete(AuditEntryRow)])
async def test_the_database_refuses_to_change_or_delete_an_entry(
    entries: list[dict[str, Any]],
    sessions: Sessions,
    statement: Any,  # noqa: ANN401
) -> None:
    async with sessions() as session:
        with pytest.raises(DBAPIError, match="never changed or deleted"):
            await session.execute(statement)
    async with sessions() as session:
        assert len((await session.scalars(select(AuditEntryRow))).all()) == 3


async def test_it_is_read_in_pages_the_newest_first(admin: httpx.AsyncClient, entries: list[dict[str, Any]]) -> None:
    actions = [one["action"] for one in entries]
    assert actions == ["organization.stopped", "organization.started", "organization.stopped"]
    assert {one["email"] for one in entries} == {"admin@localhost"}
    first = (await admin.get(URL, params={"limit": 2})).json()
    rest = (await admin.get(URL, params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert first["items"] + rest["items"] == entries
    assert rest["next_cursor"] is None


async def test_it_is_searched(admin: httpx.AsyncClient, entries: list[dict[str, Any]]) -> None:
    own, organization = entries[0]["user_id"], entries[0]["target_id"]
    middle = entries[1]["created_at"]
    assert await read(admin, action="organization.started") == entries[1:2]
    assert await read(admin, user_id=own, target_id=organization) == entries
    assert await read(admin, user_id=str(uuid4())) == []
    assert await read(admin, api_key_id=str(uuid4())) == []
    assert await read(admin, **{"from": middle}) == entries[:2]
    assert await read(admin, to=middle) == entries[2:]
    assert await read(admin, **{"from": middle, "to": middle}) == []


@pytest.mark.parametrize(
    "query",
    [
        pytest.param({"action": "Robert'); drop table"}, id="no-action"),
        pytest.param({"user_id": "me"}, id="no-id"),
        pytest.param({"from": "2026-11-28T09:00:00"}, id="no-offset"),
        pytest.param({"cursor": "nonsense"}, id="no-cursor"),
    ],
)
async def test_a_search_that_makes_no_sense_is_refused(admin: httpx.AsyncClient, query: dict[str, str]) -> None:
    assert (await admin.get(URL, params=query)).status_code == 422


async def test_only_admins_read_it(member: Member) -> None:
    for role in ("viewer", "operator"):
        assert (await (await member(role)).get(URL)).status_code == 403


async def test_entries_of_another_organisation_are_not_in_it(
    admin: httpx.AsyncClient, entries: list[dict[str, Any]], sessions: Sessions
) -> None:
    async with sessions.begin() as session:
        other = OrganizationRow(id=uuid4(), name="Another client")
        session.add(other)
        await session.flush()
        session.add(
            AuditEntryRow(organization_id=other.id, action="x", details={}, target_id=UUID(entries[0]["target_id"]))
        )
    assert await read(admin, target_id=entries[0]["target_id"]) == entries


async def test_what_becomes_of_a_campaign_is_noted(admin: httpx.AsyncClient) -> None:
    pool = (await admin.get("/api/v1/number-pools")).json()["items"][0]
    made = (await admin.post("/api/v1/campaigns", json={"name": "Spring", "number_pool_id": pool["id"]})).json()
    campaign = f"/api/v1/campaigns/{made['id']}"
    for step in ("launch", "launch", "pause", "pause", "resume", "resume"):
        assert (await admin.post(f"{campaign}/{step}")).status_code == 200
    for _ in range(2):
        await admin.patch(campaign, json={"max_attempts": 2, "require_consent": True})
    noted = [(one["action"], one["details"]) for one in await read(admin, target_id=made["id"])]
    assert noted[::-1] == [
        ("campaign.made", {}),
        ("campaign.launched", {}),
        ("campaign.paused", {}),
        ("campaign.resumed", {}),
        ("campaign.changed", {"fields": ["max_attempts", "require_consent"]}),
    ]


def test_entries_of_the_api_always_name_the_machine_where_one_did_it() -> None:
    """``api.auditing.note`` fills in both who and what; written past it, an entry would be nobody's."""
    using = {
        path.name
        for path in API.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and any(name.name == "add_audit_entry" for name in node.names)
    }
    assert using == {"auditing.py"}
