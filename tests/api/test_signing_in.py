from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import httpx
import jwt
import pytest
from fastapi import FastAPI
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from api.dependencies import Dependencies
from storage.models import UserRow
from storage.users import member_by_email

Member = Callable[[str], Awaitable[httpx.AsyncClient]]


async def test_the_first_user_gets_a_token_that_opens_the_other_routes(anyone: httpx.AsyncClient) -> None:
    answer = await anyone.post("/api/v1/auth/token", data={"username": "Admin@localhost", "password": "correct horse"})
    assert answer.status_code == 200
    assert answer.json()["token_type"] == "bearer"
    assert answer.json()["expires_in"] == 60 * 24 * 3600
    anyone.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
    assert (await anyone.get("/api/v1/leads")).status_code == 200


@pytest.mark.parametrize(
    ("username", "password"),
    [
        pytest.param("admin@localhost", "wrong", id="wrong-password"),
        pytest.param("nobody@localhost", "correct horse", id="unknown-address"),
        pytest.param("admin@localhost\x00", "correct horse", id="nul-in-the-address"),
        pytest.param("admin@localhost", "\x00" * 100_000, id="a-very-long-password"),
    ],
)
async def test_whoever_is_not_the_user_is_told_the_same(
    anyone: httpx.AsyncClient, username: str, password: str
) -> None:
    answer = await anyone.post("/api/v1/auth/token", data={"username": username, "password": password})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["detail"] == "The address or the password is wrong."


@pytest.mark.parametrize(
    ("method", "path"),
    [
        pytest.param("GET", "/api/v1/leads", id="leads"),
        pytest.param("POST", "/api/v1/leads", id="a-new-lead"),
        pytest.param("POST", "/api/v1/leads/batch", id="a-batch"),
        pytest.param("GET", "/api/v1/campaigns", id="campaigns"),
        pytest.param("GET", "/api/v1/number-pools", id="number-pools"),
        pytest.param("GET", "/api/v1/accounts", id="accounts"),
        pytest.param("GET", "/api/v1/calls", id="calls"),
        pytest.param("GET", "/api/v1/do-not-call", id="do-not-call"),
        pytest.param("POST", "/api/v1/organizations/current/stop", id="kill-switch"),
    ],
)
async def test_nothing_opens_without_a_token(anyone: httpx.AsyncClient, method: str, path: str) -> None:
    answer = await anyone.request(method, path, json={"phone_number": "+12125550123", "leads": [{}]})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"aud": "another"}, id="for-another-audience"),
        pytest.param({"iss": "another"}, id="from-another-issuer"),
        pytest.param({"exp": datetime(2020, 1, 1, tzinfo=UTC)}, id="expired"),
        pytest.param({"ver": 2}, id="of-another-version"),
        pytest.param({"sub": "admin"}, id="subject-is-no-id"),
        pytest.param({"exp": None}, id="without-an-end"),
        pytest.param({"jti": None}, id="without-an-id"),
        pytest.param({"jti": 7}, id="id-is-no-id"),
    ],
)
async def test_a_token_that_differs_in_one_claim_is_refused(
    admin: httpx.AsyncClient, app: FastAPI, change: dict[str, object]
) -> None:
    dependencies: Dependencies = app.state.dependencies
    secret = "a secret of tests that is long enough for HS256"
    token = admin.headers["Authorization"].removeprefix("Bearer ")
    claims = jwt.decode(token, secret, algorithms=["HS256"], audience="leadline-api", issuer="leadline")
    forged = jwt.encode({k: v for k, v in (claims | change).items() if v is not None}, secret, algorithm="HS256")
    assert dependencies.tokens.life_seconds == timedelta(days=60).total_seconds()
    answer = await admin.get("/api/v1/leads", headers={"Authorization": f"Bearer {forged}"})
    assert answer.status_code == 401


async def test_an_unsigned_token_is_refused(admin: httpx.AsyncClient) -> None:
    token = admin.headers["Authorization"].removeprefix("Bearer ")
    claims = jwt.decode(token, options={"verify_signature": False})
    unsigned = jwt.encode(claims, "", algorithm="none")
    assert (await admin.get("/api/v1/leads", headers={"Authorization": f"Bearer {unsigned}"})).status_code == 401


async def test_tokens_are_taken_back_by_the_version(
    admin: httpx.AsyncClient, sessions: async_sessionmaker[AsyncSession]
) -> None:
    assert (await admin.get("/api/v1/leads")).status_code == 200
    async with sessions.begin() as session:
        await session.execute(update(UserRow).values(token_version=UserRow.token_version + 1))
    assert (await admin.get("/api/v1/leads")).status_code == 401


async def test_a_viewer_reads_and_does_not_write(member: Member) -> None:
    viewer = await member("viewer")
    assert (await viewer.get("/api/v1/leads")).status_code == 200
    answer = await viewer.post("/api/v1/leads", json={"phone_number": "+12125550123"})
    assert answer.status_code == 403
    assert (await viewer.post("/api/v1/organizations/current/stop")).status_code == 403


async def test_the_password_is_stored_as_an_argon2_hash(
    admin: httpx.AsyncClient, sessions: async_sessionmaker[AsyncSession]
) -> None:
    async with sessions() as session:
        user = await member_by_email(session, "admin@localhost")
    assert user is not None
    assert user.password_hash.startswith("$argon2id$")
