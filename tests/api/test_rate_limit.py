"""How often one may ask: exact over processes, told in headers, and not for everything."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from temporalio.client import Client

from api.app import Parts, create_app
from runtime.settings import Settings
from storage.models import RequestCountRow
from tests.api.conftest import SignIn

Sessions = async_sessionmaker[AsyncSession]
LEFT = re.compile(r'"default";r=(\d+);t=(\d+)')
URL = "/api/v1/campaigns"


@pytest.fixture(scope="session")
def settings(settings: Settings) -> Settings:
    """An hour has ticks of a minute, which hardly ever end within a test."""
    return settings.model_copy(update={"rate_limit": "20/hour"})


@pytest.fixture
async def elsewhere(
    make_app: Callable[[Client], FastAPI], absent_engine: Client, admin: httpx.AsyncClient
) -> AsyncIterator[httpx.AsyncClient]:
    """The same person at another process."""
    transport = httpx.ASGITransport(make_app(absent_engine))
    async with httpx.AsyncClient(transport=transport, base_url="http://elsewhere") as client:
        client.headers["Authorization"] = admin.headers["Authorization"]
        yield client


def left(answer: httpx.Response) -> tuple[int, int]:
    found = LEFT.fullmatch(answer.headers["ratelimit"])
    assert found is not None
    return int(found[1]), int(found[2])


async def key_of(admin: httpx.AsyncClient, **more: Any) -> str:  # noqa: ANN401  (of a JSON body)
    answer = await admin.post("/api/v1/api-keys", json={"name": "CRM", "role": "viewer", **more})
    return str(answer.json()["key"])


async def test_every_answer_says_how_much_is_left(admin: httpx.AsyncClient) -> None:
    answers = [await admin.get(URL), await admin.post(URL, json={}), await admin.get("/api/v1/leads/nothing")]
    assert [left(answer)[0] for answer in answers] == [19, 18, 17]
    assert all(answer.headers["ratelimit-policy"] == '"default";q=20;w=3600' for answer in answers)
    assert all(3_480 < left(answer)[1] <= 3_600 for answer in answers)


async def test_of_many_at_once_over_two_processes_exactly_the_limit_is_answered(
    admin: httpx.AsyncClient, elsewhere: httpx.AsyncClient
) -> None:
    answers = await asyncio.gather(*((admin, elsewhere)[number % 2].get(URL) for number in range(30)))
    assert sorted(answer.status_code for answer in answers) == [200] * 20 + [429] * 10
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["request_id"] == refused.headers["x-request-id"]
    assert left(refused) == (0, int(refused.headers["retry-after"]))


async def test_what_was_refused_is_not_counted_on_top(admin: httpx.AsyncClient, sessions: Sessions) -> None:
    for _ in range(25):
        await admin.get(URL)
    async with sessions() as session:
        asking = select(RequestCountRow.counts).where(RequestCountRow.subject.like("asking:%"))
        counts = (await session.scalars(asking)).one()
    assert sum(counts) == 20


async def test_each_person_has_their_own_limit_whatever_their_tokens(
    admin: httpx.AsyncClient, sign_in: SignIn, member: Callable[[str], Awaitable[httpx.AsyncClient]]
) -> None:
    viewer = await member("viewer")
    for _ in range(20):
        await admin.get(URL)
    statuses = [(await client.get(URL)).status_code for client in (admin, await sign_in(), viewer)]
    assert statuses == [429, 429, 200]


async def test_a_key_has_its_own_limit_or_that_of_people(admin: httpx.AsyncClient, anyone: httpx.AsyncClient) -> None:
    own, usual = await key_of(admin, rate_limit="3/hour"), await key_of(admin)
    anyone.headers["Authorization"] = f"Bearer {own}"
    answers = [await anyone.get(URL) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[0].headers["ratelimit-policy"] == '"default";q=3;w=3600'
    anyone.headers["Authorization"] = f"Bearer {usual}"
    assert left(await anyone.get(URL))[0] == 19
    assert left(await admin.get(URL))[0] == 17


async def test_asking_again_for_what_has_not_changed_costs_nothing(admin: httpx.AsyncClient) -> None:
    first = await admin.get(URL)
    assert left(first)[0] == 19
    for _ in range(5):
        again = await admin.get(URL, headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, left(again)[0]) == (304, 19)
    assert left(await admin.get(URL))[0] == 18


async def test_webhooks_health_metrics_and_the_stream_are_not_counted(
    admin: httpx.AsyncClient, anyone: httpx.AsyncClient, sessions: Sessions
) -> None:
    async def count() -> int:
        async with sessions() as session:
            counting = select(func.count()).where(RequestCountRow.subject.like("asking:%"))
            return await session.scalar(counting) or 0

    for path in ("/healthz", "/readyz", "/metrics", "/openapi.json"):
        assert "ratelimit" not in (await admin.get(path)).headers
    webhook = await anyone.post("/api/v1/calls/webhook", content=b"{}")
    refused = await admin.get("/api/v1/calls/live", params={"campaign_id": "none"})
    assert ("ratelimit" in webhook.headers, "ratelimit" in refused.headers) == (False, False)
    assert await count() == 0


async def test_whoever_is_not_signed_in_is_told_so_and_not_counted(
    anyone: httpx.AsyncClient, admin: httpx.AsyncClient, sessions: Sessions
) -> None:
    for authorization in ("Bearer nonsense", "Bearer ll_nonsense"):
        answer = await anyone.get(URL, headers={"Authorization": authorization})
        assert (answer.status_code, "ratelimit" in answer.headers) == (401, False)
    async with sessions() as session:
        subjects = (await session.scalars(select(RequestCountRow.subject))).all()
    assert not [subject for subject in subjects if subject.startswith("asking:")]


async def test_a_page_of_another_origin_may_read_the_headers(admin: httpx.AsyncClient) -> None:
    answer = await admin.get(URL, headers={"Origin": "https://app.example.com"})
    exposed = {name.strip() for name in answer.headers["access-control-expose-headers"].split(",")}
    assert exposed == {
        *("RateLimit", "RateLimit-Policy", "Retry-After", "Content-Range", "ETag", "X-Request-ID"),
        *("Location", "Idempotency-Replayed"),
    }
    assert answer.headers["access-control-allow-origin"] == "https://app.example.com"
    stranger = await admin.get(URL, headers={"Origin": "https://evil.example.com"})
    assert "access-control-allow-origin" not in stranger.headers


async def test_without_a_limit_nothing_is_counted_or_said(
    settings: Settings, sessions: Sessions, absent_engine: Client, admin: httpx.AsyncClient
) -> None:
    parts = Parts(
        settings=settings.model_copy(update={"rate_limit": "off"}),
        jwt_secret="a secret of tests that is long enough for HS256",
        sessions=sessions,
        temporal=absent_engine,
        hasher=PasswordHash((Argon2Hasher(time_cost=1, memory_cost=64, parallelism=1),)),
    )
    transport = httpx.ASGITransport(create_app(parts))
    async with httpx.AsyncClient(transport=transport, base_url="http://leadline") as client:
        client.headers["Authorization"] = admin.headers["Authorization"]
        answers = [await client.get(URL) for _ in range(25)]
    assert {(answer.status_code, "ratelimit" in answer.headers) for answer in answers} == {(200, False)}
