"""People of an organisation: their roles, who is invited, who joins and who leaves."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from storage.expired import prune_expired
from storage.models import AuditEntryRow, InvitationRow, MembershipRow, OrganizationRow, UserRow
from tests.api.conftest import PASSWORD, SignIn

Sessions = async_sessionmaker[AsyncSession]
Member = Callable[[str], Awaitable[httpx.AsyncClient]]
EMAIL = "new@example.com"
CHOSEN = "chosen by somebody"


async def own_id(client: httpx.AsyncClient) -> str:
    return str((await client.get("/api/v1/auth/me")).json()["user_id"])


async def invited(admin: httpx.AsyncClient, email: str = EMAIL, role: str = "operator") -> dict[str, Any]:
    answer = await admin.post("/api/v1/users/invitations", json={"email": email, "role": role})
    assert answer.status_code == 201
    body: dict[str, Any] = answer.json()
    return body


async def accept(anyone: httpx.AsyncClient, token: str, password: str = CHOSEN) -> httpx.Response:
    return await anyone.post("/api/v1/auth/accept-invitation", json={"token": token, "password": password})


async def actions(sessions: Sessions) -> list[str]:
    async with sessions() as session:
        return list(await session.scalars(select(AuditEntryRow.action).order_by(AuditEntryRow.created_at)))


@pytest.fixture
async def other_admin(sessions: Sessions, admin: httpx.AsyncClient, sign_in: SignIn) -> httpx.AsyncClient:
    """Of another organisation."""
    async with sessions.begin() as session:
        password_hash = (await session.scalars(select(UserRow.password_hash))).one()
        organization = OrganizationRow(id=uuid4(), name="Another client")
        user = UserRow(id=uuid4(), email="other@example.com", password_hash=password_hash)
        session.add_all([organization, user])
        await session.flush()
        session.add(MembershipRow(organization_id=organization.id, user_id=user.id, role="admin"))
    return await sign_in("other@example.com")


async def test_people_are_listed_with_their_roles(admin: httpx.AsyncClient, member: Member) -> None:
    viewer = await member("viewer")
    first = (await viewer.get("/api/v1/users", params={"limit": 1})).json()
    rest = (await viewer.get("/api/v1/users", params={"cursor": first["next_cursor"]})).json()
    assert [(one["email"], one["role"]) for one in first["items"] + rest["items"]] == [
        ("viewer@example.com", "viewer"),
        ("admin@localhost", "admin"),
    ]
    assert rest["next_cursor"] is None


async def test_another_role_is_felt_by_the_next_request(
    admin: httpx.AsyncClient, member: Member, sessions: Sessions
) -> None:
    viewer = await member("viewer")
    user_id = await own_id(viewer)
    lead = {"phone_number": "+12125550123"}
    assert (await viewer.post("/api/v1/leads", json=lead)).status_code == 403
    for _ in range(2):
        answer = await admin.patch(f"/api/v1/users/{user_id}", json={"role": "operator"})
        assert (answer.status_code, answer.json()["role"]) == (200, "operator")
    assert (await viewer.post("/api/v1/leads", json=lead)).status_code == 201
    async with sessions() as session:
        (entry,) = await session.scalars(select(AuditEntryRow))
    assert (entry.action, str(entry.target_id), entry.details) == (
        "user.role_changed",
        user_id,
        {"from": "viewer", "to": "operator"},
    )


async def test_whoever_leaves_is_refused_and_stays_in_the_log(
    admin: httpx.AsyncClient, member: Member, sessions: Sessions
) -> None:
    operator = await member("operator")
    user_id = await own_id(operator)
    await operator.post("/api/v1/organizations/current/stop")
    assert (await admin.delete(f"/api/v1/users/{user_id}")).status_code == 204
    assert (await operator.get("/api/v1/leads")).status_code == 401
    assert (await admin.delete(f"/api/v1/users/{user_id}")).status_code == 404
    assert await actions(sessions) == ["organization.stopped", "user.removed"]


async def test_an_old_token_does_not_hold_again_when_its_owner_comes_back(
    admin: httpx.AsyncClient, member: Member, anyone: httpx.AsyncClient
) -> None:
    operator = await member("operator")
    await admin.delete(f"/api/v1/users/{await own_id(operator)}")
    token = (await invited(admin, "operator@example.com"))["token"]
    assert (await accept(anyone, token, "x")).status_code == 200
    assert (await operator.get("/api/v1/leads")).status_code == 401


async def test_the_last_admin_stays(admin: httpx.AsyncClient, member: Member) -> None:
    await member("operator")
    own = await own_id(admin)
    demoted = await admin.patch(f"/api/v1/users/{own}", json={"role": "viewer"})
    removed = await admin.delete(f"/api/v1/users/{own}")
    assert (demoted.status_code, removed.status_code) == (409, 409)
    assert "last admin" in removed.json()["detail"]
    assert (await admin.patch(f"/api/v1/users/{own}", json={"role": "admin"})).status_code == 200


async def test_of_two_admins_who_demote_each_other_one_is_refused(admin: httpx.AsyncClient, member: Member) -> None:
    second = await member("admin")
    ids = [await own_id(admin), await own_id(second)]
    answers = await asyncio.gather(
        admin.patch(f"/api/v1/users/{ids[1]}", json={"role": "viewer"}),
        second.patch(f"/api/v1/users/{ids[0]}", json={"role": "viewer"}),
    )
    # Whoever comes second is refused as the last admin's demoter, or is no admin any more.
    assert sorted(answer.status_code for answer in answers) in ([200, 403], [200, 409])
    roles = [one["role"] for one in (await admin.get("/api/v1/users")).json()["items"]]
    assert sorted(roles) == ["admin", "viewer"]


async def test_somebody_new_joins_by_an_invitation(
    admin: httpx.AsyncClient, anyone: httpx.AsyncClient, sign_in: SignIn, sessions: Sessions
) -> None:
    body = await invited(admin, "  New@Example.com ")
    assert (body["email"], body["role"]) == (EMAIL, "operator")
    life = datetime.fromisoformat(body["expires_at"]) - datetime.fromisoformat(body["created_at"])
    assert life == timedelta(days=7)
    answer = await accept(anyone, body["token"])
    assert answer.status_code == 200
    anyone.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
    me = (await anyone.get("/api/v1/auth/me")).json()
    assert (me["email"], me["role"]) == (EMAIL, "operator")
    assert (await (await sign_in(EMAIL, CHOSEN)).get("/api/v1/leads")).status_code == 200
    assert (await accept(anyone, body["token"])).status_code == 404
    assert await actions(sessions) == ["invitation.made", "user.joined"]


async def test_the_token_of_an_invitation_is_shown_once_and_not_stored(
    admin: httpx.AsyncClient, sessions: Sessions
) -> None:
    body = await invited(admin)
    listed = (await admin.get("/api/v1/users/invitations")).json()
    assert [one["id"] for one in listed["items"]] == [body["id"]]
    assert body["token"] not in str(listed)
    async with sessions() as session:
        (row,) = await session.scalars(select(InvitationRow))
    assert body["token"] not in str(vars(row))


async def test_a_known_person_joins_by_their_own_password(
    admin: httpx.AsyncClient, other_admin: httpx.AsyncClient, anyone: httpx.AsyncClient
) -> None:
    token = (await invited(admin, "other@example.com", "viewer"))["token"]
    wrong = await accept(anyone, token, "something else")
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "password")
    answer = await accept(anyone, token, PASSWORD)
    assert answer.status_code == 200
    belongings = (await other_admin.get("/api/v1/organizations")).json()["items"]
    assert [(one["role"], one["is_current"]) for one in belongings] == [("admin", True), ("viewer", False)]


async def test_guessing_a_password_by_an_invitation_is_throttled(
    admin: httpx.AsyncClient, other_admin: httpx.AsyncClient, anyone: httpx.AsyncClient
) -> None:
    token = (await invited(admin, "other@example.com"))["token"]
    answers = [await accept(anyone, token, "wrong") for _ in range(11)]
    assert [answer.status_code for answer in answers] == [422] * 10 + [429]


async def test_a_short_password_is_refused_and_the_invitation_stays(
    admin: httpx.AsyncClient, anyone: httpx.AsyncClient
) -> None:
    token = (await invited(admin))["token"]
    assert (await accept(anyone, token, "short")).status_code == 422
    assert (await accept(anyone, token)).status_code == 200


async def test_of_many_who_accept_at_once_one_joins(
    admin: httpx.AsyncClient, anyone: httpx.AsyncClient, sessions: Sessions
) -> None:
    token = (await invited(admin))["token"]
    answers = await asyncio.gather(*(accept(anyone, token) for _ in range(4)))
    assert [answer.status_code for answer in answers].count(200) == 1
    assert {answer.status_code for answer in answers if answer.status_code != 200} <= {404, 422}
    async with sessions() as session:
        assert await session.scalar(select(func.count()).select_from(UserRow)) == 2


async def test_an_invitation_that_is_too_old_withdrawn_or_unknown_holds_no_more(
    admin: httpx.AsyncClient, anyone: httpx.AsyncClient, sessions: Sessions
) -> None:
    withdrawn = await invited(admin, "withdrawn@example.com")
    assert (await admin.delete(f"/api/v1/users/invitations/{withdrawn['id']}")).status_code == 204
    assert (await admin.delete(f"/api/v1/users/invitations/{withdrawn['id']}")).status_code == 404
    old = await invited(admin, "old@example.com")
    async with sessions.begin() as session:
        await session.execute(update(InvitationRow).values(expires_at=InvitationRow.expires_at - timedelta(days=7)))
    for token in (withdrawn["token"], old["token"], "inv_unknown"):
        answer = await accept(anyone, token)
        assert (answer.status_code, "older than 7 days" in answer.json()["detail"]) == (404, True)
    assert (await admin.get("/api/v1/users/invitations")).json()["items"] == []
    async with sessions.begin() as session:
        await prune_expired(session)
        assert (await session.scalars(select(InvitationRow))).all() == []


async def test_inviting_again_replaces_the_token(admin: httpx.AsyncClient, anyone: httpx.AsyncClient) -> None:
    first, second = await invited(admin, role="viewer"), await invited(admin, role="admin")
    assert (await accept(anyone, first["token"])).status_code == 404
    answer = await accept(anyone, second["token"])
    anyone.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
    assert (await anyone.get("/api/v1/auth/me")).json()["role"] == "admin"


async def test_who_belongs_to_it_already_is_not_invited(admin: httpx.AsyncClient) -> None:
    answer = await admin.post("/api/v1/users/invitations", json={"email": "ADMIN@localhost", "role": "viewer"})
    assert answer.status_code == 409


async def test_other_organisations_see_none_of_it(admin: httpx.AsyncClient, other_admin: httpx.AsyncClient) -> None:
    invitation = await invited(admin)
    own = await own_id(admin)
    unknown = str(uuid4())
    for path, method, body in (
        ("/api/v1/users/{}", "PATCH", {"role": "viewer"}),
        ("/api/v1/users/{}", "DELETE", None),
        ("/api/v1/users/invitations/{}", "DELETE", None),
    ):
        foreign_id = invitation["id"] if "invitations" in path else own
        answers = [await other_admin.request(method, path.format(one), json=body) for one in (foreign_id, unknown)]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert answers[0].json()["detail"] == answers[1].json()["detail"]
    assert (await other_admin.get("/api/v1/users/invitations")).json()["items"] == []
    assert [one["email"] for one in (await other_admin.get("/api/v1/users")).json()["items"]] == ["other@example.com"]


async def test_an_admin_makes_another_organisation_and_is_its_admin(
    admin: httpx.AsyncClient, anyone: httpx.AsyncClient
) -> None:
    made = await admin.post("/api/v1/organizations", json={"name": "A new client"})
    assert made.status_code == 201
    switched = await admin.post("/api/v1/auth/token/switch", json={"organization_id": made.json()["id"]})
    anyone.headers["Authorization"] = f"Bearer {switched.json()['access_token']}"
    assert (await anyone.get("/api/v1/organizations/current")).json()["name"] == "A new client"
    for path in ("leads", "campaigns", "calls", "accounts", "number-pools", "do-not-call", "users/invitations"):
        assert (await anyone.get(f"/api/v1/{path}")).json()["items"] == []
    refused = await anyone.post("/api/v1/leads", json={"phone_number": "+12125550123"})
    assert (refused.status_code, "campaign_id" in refused.json()["detail"]) == (409, True)
    log = (await anyone.get("/api/v1/audit-log")).json()["items"]
    assert [(one["action"], one["email"]) for one in log] == [("organization.made", "admin@localhost")]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"email": "nobody", "role": "viewer"}, id="no-address"),
        pytest.param({"email": EMAIL, "role": "owner"}, id="no-such-role"),
        pytest.param({"email": f"a\x00{EMAIL}", "role": "viewer"}, id="nul"),
        pytest.param({"email": EMAIL}, id="without-a-role"),
    ],
)
async def test_an_invitation_says_whom_and_as_what(admin: httpx.AsyncClient, body: dict[str, str]) -> None:
    assert (await admin.post("/api/v1/users/invitations", json=body)).status_code == 422
