"""Under one Idempotency-Key a thing is made once, whatever is made, on a real PostgreSQL."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from storage.expired import prune_expired
from storage.models import ApiKeyRow, CampaignRow, IdempotencyKeyRow, InvitationRow

Sessions = async_sessionmaker[AsyncSession]
Member = Callable[[str], Awaitable[httpx.AsyncClient]]
Json = dict[str, Any]
KEY = {"Idempotency-Key": "a key"}
CAMPAIGNS = "/api/v1/campaigns"

MAKING = [
    pytest.param(CAMPAIGNS, {"name": "Once"}, id="campaigns"),
    pytest.param("/api/v1/number-pools", {"name": "Once", "from_numbers": ["+12125550101"]}, id="number-pools"),
    pytest.param("/api/v1/organizations", {"name": "Once"}, id="organizations"),
    pytest.param("/api/v1/do-not-call", {"phone_number": "+12125550123"}, id="do-not-call"),
    pytest.param("/api/v1/leads", {"phone_number": "+12125550123"}, id="leads"),
    pytest.param("/api/v1/leads/batch", {"leads": [{"phone_number": "+12125550123"}]}, id="batches"),
]
SECRET = [
    pytest.param("/api/v1/api-keys", {"name": "Machine", "role": "viewer"}, "key", id="api-keys"),
    pytest.param("/api/v1/users/invitations", {"email": "x@example.com", "role": "viewer"}, "token", id="invitations"),
]


@pytest.mark.parametrize(("path", "body"), MAKING)
async def test_a_repeat_gets_the_first_answer_and_says_so(admin: httpx.AsyncClient, path: str, body: Json) -> None:
    first = await admin.post(path, json=body, headers=KEY)
    again = await admin.post(path, json=body, headers=KEY)
    assert first.status_code in {200, 201}
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert ("Idempotency-Replayed" in first.headers, again.headers["Idempotency-Replayed"]) == (False, "true")
    assert again.headers.get("Location") == first.headers.get("Location")


@pytest.mark.parametrize(
    ("path", "body", "other"),
    [
        pytest.param(CAMPAIGNS, {"name": "Once"}, {"name": "Twice"}, id="generic"),
        pytest.param("/api/v1/leads", {"phone_number": "+12125550123"}, {"name": "Bob"}, id="leads"),
        pytest.param("/api/v1/leads/batch", {"leads": [{}]}, {"leads": [{}, {}]}, id="batches"),
    ],
)
async def test_another_body_under_the_same_key_is_refused(
    admin: httpx.AsyncClient, path: str, body: Json, other: Json
) -> None:
    await admin.post(path, json=body, headers=KEY)
    answer = await admin.post(path, json=body | other, headers=KEY)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "Idempotency-Key")


async def test_spaces_and_the_order_of_fields_make_no_other_body(admin: httpx.AsyncClient) -> None:
    headers = KEY | {"Content-Type": "application/json"}
    one = await admin.post(CAMPAIGNS, content=b'{"name": "A", "max_attempts": 3}', headers=headers)
    two = await admin.post(CAMPAIGNS, content=b'{"max_attempts":3,"name":"A"}', headers=headers)
    assert (one.status_code, two.json()) == (201, one.json())


async def test_a_key_is_another_at_another_address(admin: httpx.AsyncClient) -> None:
    campaign = await admin.post(CAMPAIGNS, json={"name": "A"}, headers=KEY)
    organization = await admin.post("/api/v1/organizations", json={"name": "A"}, headers=KEY)
    assert (campaign.status_code, organization.status_code) == (201, 201)


async def test_a_refused_request_leaves_its_key_free(admin: httpx.AsyncClient) -> None:
    assert (await admin.post(CAMPAIGNS, json={"nothing": 1}, headers=KEY)).status_code == 422
    assert (await admin.post(CAMPAIGNS, json={"name": "A"}, headers=KEY)).status_code == 201


async def test_who_may_not_make_it_is_refused_also_with_a_key_that_was_used(
    admin: httpx.AsyncClient, member: Member
) -> None:
    await admin.post(CAMPAIGNS, json={"name": "A"}, headers=KEY)
    assert (await (await member("viewer")).post(CAMPAIGNS, json={"name": "A"}, headers=KEY)).status_code == 403


async def test_of_many_at_once_one_makes_it(admin: httpx.AsyncClient, sessions: Sessions) -> None:
    posts = (admin.post(CAMPAIGNS, json={"name": "Often"}, headers=KEY) for _ in range(12))
    answers = await asyncio.gather(*posts)
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.json()["id"] for answer in answers if answer.status_code == 201}) == 1
    async with sessions() as session:
        named = select(func.count()).select_from(CampaignRow).where(CampaignRow.name == "Often")
        assert await session.scalar(named) == 1


async def test_while_the_first_is_under_way_the_key_is_taken(admin: httpx.AsyncClient, sessions: Sessions) -> None:
    await admin.get(CAMPAIGNS)
    async with sessions.begin() as blocker:
        await blocker.execute(text("lock table campaigns in exclusive mode"))
        posts = [admin.post(CAMPAIGNS, json={"name": "A"}, headers=KEY) for _ in range(2)]
        done, waiting = await asyncio.wait(map(asyncio.create_task, posts), return_when=asyncio.FIRST_COMPLETED)
        (refused,) = [task.result() for task in done]
        assert (refused.status_code, refused.headers["Retry-After"]) == (409, "1")
    assert [(await task).status_code for task in waiting] == [201]


async def test_a_request_that_broke_off_leaves_its_key_free(admin: httpx.AsyncClient, sessions: Sessions) -> None:
    await admin.get(CAMPAIGNS)
    async with sessions.begin() as blocker:
        await blocker.execute(text("lock table campaigns in exclusive mode"))
        broken = asyncio.create_task(admin.post(CAMPAIGNS, json={"name": "A"}, headers=KEY))
        while not await blocker.scalar(text("select exists (select from pg_locks where not granted)")):
            pass  # asked again: the question itself lets the request go on
        broken.cancel()
        await asyncio.gather(broken, return_exceptions=True)
    assert (await admin.post(CAMPAIGNS, json={"name": "A"}, headers=KEY)).status_code == 201


@pytest.mark.parametrize(("path", "body", "secret"), SECRET)
async def test_a_secret_is_shown_once_and_kept_nowhere(
    admin: httpx.AsyncClient, sessions: Sessions, path: str, body: Json, secret: str
) -> None:
    first = await admin.post(path, json=body, headers=KEY)
    again = await admin.post(path, json=body, headers=KEY)
    assert (first.status_code, again.status_code) == (201, 409)
    assert again.headers["content-type"] == "application/problem+json"
    assert (again.json()["id"], again.headers["Idempotency-Replayed"]) == (first.json()["id"], "true")
    assert again.json()["request_id"] == again.headers["X-Request-ID"]
    async with sessions() as session:
        row = (await session.scalars(select(IdempotencyKeyRow))).one()
        made = [await session.scalar(select(func.count()).select_from(kind)) for kind in (ApiKeyRow, InvitationRow)]
    assert first.json()[secret] not in str(row.answer)
    assert sum(count or 0 for count in made) == 1


async def test_after_a_day_a_key_is_free_and_its_answer_is_gone(admin: httpx.AsyncClient, sessions: Sessions) -> None:
    first = await admin.post(CAMPAIGNS, json={"name": "A"}, headers=KEY)
    async with sessions.begin() as session:
        long_ago = datetime.now(UTC) - timedelta(hours=25)
        await session.execute(update(IdempotencyKeyRow).values(created_at=long_ago))
    second = await admin.post(CAMPAIGNS, json={"name": "B"}, headers=KEY)
    assert (second.status_code, second.json()["id"] != first.json()["id"]) == (201, True)


async def test_answers_are_pruned_after_a_day_and_not_before(admin: httpx.AsyncClient, sessions: Sessions) -> None:
    await admin.post(CAMPAIGNS, json={"name": "A"}, headers=KEY)
    await admin.post(CAMPAIGNS, json={"name": "B"}, headers={"Idempotency-Key": "old"})
    async with sessions.begin() as session:
        old = update(IdempotencyKeyRow).where(IdempotencyKeyRow.key == "old")
        await session.execute(old.values(created_at=datetime.now(UTC) - timedelta(hours=25)))
        await prune_expired(session)
        assert (await session.scalars(select(IdempotencyKeyRow.key))).all() == ["a key"]
