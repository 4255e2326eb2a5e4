"""Tokens: taken back at once, changed secrets, another password, another organisation."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from api.dependencies import Dependencies
from api.first_rows import FirstRows
from api.tokens import InvalidToken, Tokens
from runtime.settings import Settings
from storage.expired import prune_expired
from storage.models import AuditEntryRow, MembershipRow, OrganizationRow, RevokedTokenRow, UserRow
from storage.users import Member as MemberRow
from tests.api.conftest import PASSWORD, SignIn

Sessions = async_sessionmaker[AsyncSession]
Member = Callable[[str], Awaitable[httpx.AsyncClient]]
NEW = "a new password of ours"


async def status(client: httpx.AsyncClient) -> int:
    return (await client.get("/api/v1/leads")).status_code


async def me(client: httpx.AsyncClient) -> dict[str, Any]:
    answer = await client.get("/api/v1/auth/me")
    assert answer.status_code == 200
    body: dict[str, Any] = answer.json()
    return body


@pytest.fixture
async def second(sessions: Sessions, admin: httpx.AsyncClient) -> UUID:
    """Another organisation, which the first user watches."""
    async with sessions.begin() as session:
        user = (await session.scalars(select(UserRow))).one()
        other = OrganizationRow(id=uuid4(), name="Another client")
        session.add(other)
        await session.flush()
        session.add(MembershipRow(organization_id=other.id, user_id=user.id, role="viewer"))
    return other.id


async def test_signing_out_takes_back_this_token_and_no_other(sign_in: SignIn) -> None:
    here, there = await sign_in(), await sign_in()
    assert (await here.post("/api/v1/auth/sign-out")).status_code == 204
    assert (await status(here), await status(there)) == (401, 200)
    assert (await here.post("/api/v1/auth/sign-out")).status_code == 401


async def test_signing_out_everywhere_takes_back_all_of_ones_own(sign_in: SignIn, member: Member) -> None:
    here, there, somebody_else = await sign_in(), await sign_in(), await member("viewer")
    assert (await here.post("/api/v1/auth/sign-out", json={"everywhere": True})).status_code == 204
    assert [await status(client) for client in (here, there, somebody_else)] == [401, 401, 200]
    assert await status(await sign_in()) == 200


async def test_what_was_signed_out_is_forgotten_when_it_would_have_expired(sign_in: SignIn, sessions: Sessions) -> None:
    for _ in range(2):
        await (await sign_in()).post("/api/v1/auth/sign-out")
    async with sessions.begin() as session:
        one = (await session.scalars(select(RevokedTokenRow.id).limit(1))).one()
        past = update(RevokedTokenRow).where(RevokedTokenRow.id == one)
        await session.execute(past.values(expires_at=datetime.now(UTC) - timedelta(seconds=1)))
    async with sessions.begin() as session:
        await prune_expired(session)
        assert await session.scalar(select(func.count()).select_from(RevokedTokenRow)) == 1


async def test_another_password_takes_back_all_tokens_and_gives_a_new_one(sign_in: SignIn, sessions: Sessions) -> None:
    here, there = await sign_in(), await sign_in()
    answer = await here.post("/api/v1/auth/password", json={"current_password": PASSWORD, "new_password": NEW})
    assert answer.status_code == 200
    assert (await status(here), await status(there)) == (401, 401)
    here.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
    assert await status(here) == 200
    assert await status(await sign_in(password=NEW)) == 200
    async with sessions() as session:
        (entry,) = await session.scalars(select(AuditEntryRow))
    assert (entry.action, entry.user_id, entry.details) == ("user.password_changed", entry.target_id, {})


@pytest.mark.parametrize(
    ("body", "status_code"),
    [
        pytest.param({"current_password": "not-the-one", "new_password": NEW}, 422, id="wrong"),
        pytest.param({"current_password": PASSWORD, "new_password": "too short"}, 422, id="too-short"),
        pytest.param({"current_password": PASSWORD, "new_password": "x" * 201}, 422, id="too-long"),
        pytest.param({"current_password": PASSWORD, "new_password": "\x00" * 12}, 422, id="nul"),
        pytest.param({"new_password": NEW}, 422, id="without-the-current-one"),
    ],
)
async def test_a_password_is_not_changed_by_whoever_does_not_know_it(
    admin: httpx.AsyncClient, sign_in: SignIn, body: dict[str, str], status_code: int
) -> None:
    answer = await admin.post("/api/v1/auth/password", json=body)
    assert answer.status_code == status_code
    assert not any(value in answer.text for value in body.values())
    assert await status(await sign_in()) == 200


async def test_of_two_who_change_a_password_at_once_one_is_told(admin: httpx.AsyncClient) -> None:
    bodies = [{"current_password": PASSWORD, "new_password": f"{NEW} {number}"} for number in range(2)]
    answers = await asyncio.gather(*(admin.post("/api/v1/auth/password", json=body) for body in bodies))
    assert sorted(answer.status_code for answer in answers) in ([200, 401], [200, 409], [200, 422])


async def test_who_am_i_names_the_person_and_where_they_belong(admin: httpx.AsyncClient, second: UUID) -> None:
    body = await me(admin)
    assert (body["email"], body["role"], body["api_key_id"]) == ("admin@localhost", "admin", None)
    assert [(one["role"], one["is_current"]) for one in body["organizations"]] == [("admin", True), ("viewer", False)]
    assert body["organizations"][0]["id"] == body["organization_id"]
    assert body["expires_at"].endswith("Z")


async def test_a_token_speaks_for_the_organisation_that_was_named(
    anyone: httpx.AsyncClient, admin: httpx.AsyncClient, second: UUID
) -> None:
    form = {"username": "admin@localhost", "password": PASSWORD, "organization_id": str(second)}
    answer = await anyone.post("/api/v1/auth/token", data=form)
    assert answer.json()["organization_id"] == str(second)
    anyone.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
    body = await me(anyone)
    assert (body["organization_id"], body["role"]) == (str(second), "viewer")
    assert (await anyone.post("/api/v1/leads", json={"phone_number": "+12125550123"})).status_code == 403


async def test_one_switches_to_another_organisation_and_keeps_the_first_token(
    admin: httpx.AsyncClient, anyone: httpx.AsyncClient, second: UUID
) -> None:
    answer = await admin.post("/api/v1/auth/token/switch", json={"organization_id": str(second)})
    assert answer.status_code == 200
    anyone.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
    assert (await me(anyone))["organization_id"] == str(second)
    assert (await me(admin))["organization_id"] != str(second)


async def test_nobody_gets_into_an_organisation_that_they_do_not_belong_to(
    admin: httpx.AsyncClient, anyone: httpx.AsyncClient, sessions: Sessions
) -> None:
    async with sessions.begin() as session:
        session.add(OrganizationRow(id=(foreign := uuid4()), name="A stranger's"))
    for organization_id in (foreign, uuid4()):
        switched = await admin.post("/api/v1/auth/token/switch", json={"organization_id": str(organization_id)})
        form = {"username": "admin@localhost", "password": PASSWORD, "organization_id": str(organization_id)}
        signed = await anyone.post("/api/v1/auth/token", data=form)
        wrong = await anyone.post("/api/v1/auth/token", data=form | {"password": "wrong"})
        assert (switched.status_code, signed.status_code, wrong.status_code) == (403, 403, 401)
        assert switched.json()["detail"] == signed.json()["detail"]


@pytest.mark.parametrize("change", ["role", "membership"])
async def test_a_change_of_membership_is_felt_by_the_next_request(
    member: Member, sessions: Sessions, change: str
) -> None:
    operator = await member("operator")
    lead = {"phone_number": "+12125550123"}
    assert (await operator.post("/api/v1/leads", json=lead)).status_code == 201
    async with sessions.begin() as session:
        row = (await session.scalars(select(MembershipRow).where(MembershipRow.role == "operator"))).one()
        if change == "role":
            row.role = "viewer"
        else:
            await session.delete(row)
    answer = await operator.post("/api/v1/leads", json=lead)
    assert answer.status_code == (403 if change == "role" else 401)


def member_row() -> MemberRow:
    return MemberRow(uuid4(), uuid4(), "admin", "a@example.com", "-", 1)


def tokens(secret: str, *old_secrets: str) -> Tokens:
    return Tokens(secret, life=timedelta(days=60), clock=lambda: datetime.now(UTC), old_secrets=old_secrets)


def test_a_changed_secret_signs_nobody_out_while_the_old_one_is_named() -> None:
    old, new = "o" * 32, "n" * 32
    member = member_row()
    token = tokens(old).issue(member)
    assert tokens(new, old).read(token).user_id == member.user_id
    with pytest.raises(InvalidToken):
        tokens(new).read(token)
    with pytest.raises(InvalidToken):
        tokens(old).read(tokens(new, old).issue(member))


async def test_an_address_gets_ten_tries_whether_it_is_known_or_not(anyone: httpx.AsyncClient, app: FastAPI) -> None:
    deps: Dependencies = app.state.dependencies
    await deps.first_rows.ready()
    for email in ("Admin@localhost", "nobody@localhost"):
        form = {"username": email, "password": "wrong"}
        answers = await asyncio.gather(*(anyone.post("/api/v1/auth/token", data=form) for _ in range(12)))
        assert sorted(answer.status_code for answer in answers) == [401] * 10 + [429] * 2
        (one, other) = (answer for answer in answers if answer.status_code == 429)
        assert one.headers["content-type"] == "application/problem+json"
        assert 880 <= int(one.headers["retry-after"]) <= 900
        assert one.json()["title"] == other.json()["title"] == "Too many requests"
    right = await anyone.post("/api/v1/auth/token", data={"username": "admin@localhost", "password": PASSWORD})
    assert right.status_code == 429


async def test_a_place_gets_a_hundred_tries_over_all_addresses(app: FastAPI) -> None:
    def client(address: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.ASGITransport(app, client=(address, 1)), base_url="http://leadline")

    async with client("2001:db8::1") as one, client("2001:db8::2") as neighbour, client("203.0.113.7") as elsewhere:
        forms = [{"username": f"{number}@localhost", "password": "wrong"} for number in range(102)]
        answers = [
            await (one if number % 2 else neighbour).post("/api/v1/auth/token", data=form)
            for number, form in enumerate(forms)
        ]
        assert [answer.status_code for answer in answers] == [401] * 100 + [429] * 2
        assert (await elsewhere.post("/api/v1/auth/token", data=forms[0])).status_code == 401


async def test_whoever_knows_the_password_never_runs_out_of_tries(sign_in: SignIn) -> None:
    for _ in range(12):
        assert await status(await sign_in()) == 200


async def test_guessing_the_current_password_is_throttled_too(admin: httpx.AsyncClient) -> None:
    body = {"current_password": "wrong", "new_password": NEW}
    answers = [await admin.post("/api/v1/auth/password", json=body) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [422] * 10 + [429]


async def test_a_password_that_was_changed_outlives_the_next_start_and_another_setting_replaces_it(
    admin: httpx.AsyncClient,
    sign_in: SignIn,
    settings: Settings,
    sessions: Sessions,
    app: FastAPI,
) -> None:
    async def start(password: str) -> None:
        """As an API does that is given this password."""
        given = Settings.model_validate({"LEADLINE_ADMIN_PASSWORD": password})
        deps: Dependencies = app.state.dependencies
        again = settings.model_copy(update={"admin_password": given.admin_password})
        await FirstRows(sessions, again, deps.passwords, deps.clock).ready()

    changed = await admin.post("/api/v1/auth/password", json={"current_password": PASSWORD, "new_password": NEW})
    admin.headers["Authorization"] = f"Bearer {changed.json()['access_token']}"
    await start(PASSWORD)
    assert await status(admin) == 200
    assert await status(await sign_in(password=NEW)) == 200
    await start("a forgotten password is replaced so")
    assert await status(admin) == 401
    assert await status(await sign_in(password="a forgotten password is replaced so")) == 200
