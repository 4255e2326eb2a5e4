import httpx
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from storage.models import AuditEntryRow, OrganizationRow


async def test_a_number_is_put_on_the_list_and_taken_off(admin: httpx.AsyncClient) -> None:
    body = {"phone_number": "(212) 555-0123", "reason": "asked by letter"}
    answers = [await admin.post("/api/v1/do-not-call", json=body | {"reason": r}) for r in ("asked by letter", "again")]
    assert [answer.status_code for answer in answers] == [201, 201]
    (entry,) = (await admin.get("/api/v1/do-not-call")).json()["items"]
    assert (entry["phone_number"], entry["reason"], entry["source"]) == ("+12125550123", "asked by letter", "api")
    assert (await admin.delete("/api/v1/do-not-call/+12125550123")).status_code == 204
    assert (await admin.get("/api/v1/do-not-call")).json()["items"] == []
    assert (await admin.delete("/api/v1/do-not-call/+12125550123")).status_code == 404


async def test_the_list_comes_in_pages(admin: httpx.AsyncClient) -> None:
    for n in range(3):
        await admin.post("/api/v1/do-not-call", json={"phone_number": f"+121255501{n:02}"})
    first = (await admin.get("/api/v1/do-not-call", params={"limit": 2})).json()
    second = (await admin.get("/api/v1/do-not-call", params={"limit": 2, "cursor": first["next_cursor"]})).json()
    seen = [item["phone_number"] for item in first["items"] + second["items"]]
    assert seen == ["+12125550102", "+12125550101", "+12125550100"]
    assert second["next_cursor"] is None


async def test_a_number_that_is_none_is_refused(admin: httpx.AsyncClient) -> None:
    assert (await admin.post("/api/v1/do-not-call", json={"phone_number": "me"})).status_code == 422
    assert (await admin.delete("/api/v1/do-not-call/me")).status_code == 422


async def test_the_kill_switch_is_pulled_released_and_noted_once_each(
    admin: httpx.AsyncClient, sessions: async_sessionmaker[AsyncSession]
) -> None:
    for _ in range(2):
        answer = await admin.post("/api/v1/organizations/current/stop")
        assert answer.status_code == 200
        assert answer.json()["stopped_at"].endswith("Z")
    async with sessions() as session:
        assert (await session.scalars(select(OrganizationRow.stopped_at))).one() is not None
    assert (await admin.post("/api/v1/organizations/current/start")).json()["stopped_at"] is None
    async with sessions() as session:
        actions = await session.scalars(select(AuditEntryRow.action).order_by(AuditEntryRow.created_at))
        assert actions.all() == ["organization.stopped", "organization.started"]
