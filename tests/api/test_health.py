from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI
from pwdlib import PasswordHash
from temporalio.client import Client

from api.app import Parts, create_app
from runtime.database import create_engine, session_factory
from runtime.settings import Settings


@pytest.fixture
async def without_database(settings: Settings, closed_port: int, absent_engine: Client) -> AsyncIterator[FastAPI]:
    away = settings.model_copy(update={"database_url": f"postgresql://app@127.0.0.1:{closed_port}/none"})
    engine = create_engine(away)
    sessions = session_factory(engine)
    yield create_app(
        Parts(
            settings=away,
            jwt_secret="a secret of tests that is long enough for HS256",
            sessions=sessions,
            temporal=absent_engine,
            hasher=PasswordHash.recommended(),
        )
    )
    await engine.dispose()


async def test_alive_needs_nothing(without_database: FastAPI) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(without_database), base_url="http://x") as client:
        assert (await client.get("/healthz")).json() == {"status": "ok"}


async def test_ready_tells_what_is_missing(without_database: FastAPI, anyone: httpx.AsyncClient) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(without_database), base_url="http://x") as client:
        nothing = await client.get("/readyz")
    half = await anyone.get("/readyz")
    assert (nothing.status_code, half.status_code) == (503, 503)
    assert (nothing.json()["database"], nothing.json()["temporal"]) == ("away", "away")
    assert (half.json()["database"], half.json()["temporal"]) == ("ok", "away")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        pytest.param("POST", "/api/v1/auth/token", id="signing-in"),
        pytest.param("POST", "/api/v1/calls/webhook", id="webhook"),
    ],
)
async def test_without_a_database_the_caller_is_asked_to_come_again(
    without_database: FastAPI, method: str, path: str
) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(without_database), base_url="http://x") as client:
        answer = await client.request(method, path, data={"username": "a", "password": "b"})
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert answer.headers["content-type"] == "application/problem+json"


async def test_when_all_connections_are_taken_the_caller_is_asked_to_come_again(
    app: FastAPI, admin: httpx.AsyncClient, settings: Settings
) -> None:
    engine = create_engine(settings, pool_size=1)
    engine.pool._timeout = 0.05  # type: ignore[attr-defined]  # three seconds are long for a test
    app.state.dependencies.sessions.configure(bind=engine)
    async with engine.connect():
        answer = await admin.get("/api/v1/leads")
    await engine.dispose()
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0


async def test_an_error_of_ours_tells_nothing_but_its_id(app: FastAPI, anyone: httpx.AsyncClient) -> None:
    @app.get("/broken")
    async def broken() -> None:
        raise KeyError("a secret")

    answer = await anyone.get("/broken", headers={"X-Request-ID": "abc-1"})
    assert answer.status_code == 500
    assert answer.json()["request_id"] == "abc-1"
    assert "secret" not in answer.text


async def test_durations_are_counted_by_the_routes_template(admin: httpx.AsyncClient) -> None:
    await admin.get("/api/v1/leads/00000000-0000-0000-0000-000000000000")
    await admin.get("/somewhere/+12125550123")
    text = (await admin.get("/metrics")).text
    assert 'route="/api/v1/leads/{lead_id}",status="404"' in text
    assert "12125550123" not in text
    assert "00000000-0000" not in text


async def test_origins_are_let_in_by_name(anyone: httpx.AsyncClient) -> None:
    headers = {"Access-Control-Request-Method": "GET"}
    good = await anyone.options("/api/v1/leads", headers=headers | {"Origin": "https://app.example.com"})
    bad = await anyone.options("/api/v1/leads", headers=headers | {"Origin": "https://evil.example.com"})
    assert good.headers["access-control-allow-origin"] == "https://app.example.com"
    assert "access-control-allow-origin" not in bad.headers


async def test_the_front_door_leads_to_the_documentation(anyone: httpx.AsyncClient) -> None:
    assert (await anyone.get("/")).headers["location"] == "/docs"
    paths = (await anyone.get("/openapi.json")).json()["paths"]
    assert "/api/v1/leads/{lead_id}/cancel" in paths
