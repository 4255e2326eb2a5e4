from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from storage.models import AccountRow, AttemptRow, WebhookEventRow

PATH = "/api/v1/calls/webhook"
Attempts = Callable[..., Awaitable[Any]]
Sign = Callable[..., dict[str, str]]
Webhook = Callable[..., bytes]


@pytest.fixture
async def stored(sessions: async_sessionmaker[AsyncSession]) -> Callable[[], Awaitable[int]]:
    async def count() -> int:
        async with sessions() as session:
            return await session.scalar(select(func.count()).select_from(WebhookEventRow)) or 0

    return count


async def test_the_end_of_a_call_is_stored_and_frees_its_slot(
    admin: httpx.AsyncClient,
    anyone: httpx.AsyncClient,
    open_attempt: Attempts,
    sign: Sign,
    webhook: Webhook,
    stored: Callable[[], Awaitable[int]],
    sessions: async_sessionmaker[AsyncSession],
) -> None:
    attempt = await open_attempt("in_progress", call_id="call_1")
    metadata = {"attempt_id": str(attempt.attempt_id)}
    body = webhook("call_ended", metadata=metadata, disconnection_reason="user_hangup", transcript="Agent: hi\x00")
    answers = [await anyone.post(PATH, content=body, headers=sign(body)) for _ in range(2)]
    assert [(answer.status_code, answer.content) for answer in answers] == [(204, b"")] * 2
    assert await stored() == 1
    async with sessions() as session:
        row = await session.get_one(AttemptRow, attempt.attempt_id)
    assert row.slot_released_at is not None
    assert row.disconnection_reason == "user_hangup"


@pytest.mark.parametrize(
    "written",
    [
        pytest.param(b'"call_cost": {"combined_cost": 1e-20000}', id="a-number-that-no-row-takes"),
        pytest.param(b'"call_cost": {"combined_cost": "1e-20000"}', id="the-same-as-text"),
        pytest.param(b'"latency": {"e2e": {"p50": -0.5E-99999}}', id="beside-what-is-read"),
        pytest.param(b'"call_cost": {"combined_cost": 1e999}', id="endless"),
    ],
)
async def test_no_number_costs_the_end_of_a_call(
    anyone: httpx.AsyncClient,
    open_attempt: Attempts,
    sign: Sign,
    sessions: async_sessionmaker[AsyncSession],
    written: bytes,
) -> None:
    attempt = await open_attempt("in_progress", call_id="call_1")
    body = b'{"event": "call_ended", "call": {"call_id": "call_1", %s}}' % written
    assert (await anyone.post(PATH, content=body, headers=sign(body))).status_code == 204
    async with sessions() as session:
        assert (await session.get_one(AttemptRow, attempt.attempt_id)).slot_released_at is not None


async def test_a_webhook_of_a_call_nobody_made_is_kept(
    anyone: httpx.AsyncClient,
    admin: httpx.AsyncClient,
    sign: Sign,
    webhook: Webhook,
    stored: Callable[[], Awaitable[int]],
) -> None:
    body = webhook("call_started", "call_of_somebody_else")
    assert (await anyone.post(PATH, content=body, headers=sign(body))).status_code == 204
    assert await stored() == 1


@pytest.mark.parametrize(
    "forge",
    [
        pytest.param(lambda _sign, _body: {}, id="no-signature"),
        pytest.param(lambda sign, body: sign(body, key="another key"), id="another-key"),
        pytest.param(lambda sign, body: sign(body + b" "), id="another-body"),
        pytest.param(lambda sign, body: sign(body, age=timedelta(minutes=6)), id="stale"),
        pytest.param(lambda sign, body: sign(body, age=timedelta(minutes=-6)), id="from-the-future"),
        pytest.param(lambda _sign, _body: {"x-retell-signature": "v=1,d=" + "0" * 64}, id="made-up"),
        pytest.param(lambda _sign, _body: {"x-retell-signature": "\xff"}, id="no-ascii"),
    ],
)
async def test_a_bad_signature_leaves_nothing_behind(
    anyone: httpx.AsyncClient,
    admin: httpx.AsyncClient,
    sign: Sign,
    webhook: Webhook,
    stored: Callable[[], Awaitable[int]],
    forge: Callable[[Sign, bytes], dict[str, str]],
) -> None:
    body = webhook("call_started")
    headers = {name.encode(): value.encode("latin-1") for name, value in forge(sign, body).items()}
    answer = await anyone.post(PATH, content=body, headers=headers)
    assert answer.status_code == 401
    assert await stored() == 0


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"not json", id="no-json"),
        pytest.param(b"", id="empty"),
        pytest.param(b"\xff", id="no-utf-8"),
        pytest.param(b"[" * 100_000, id="brackets-without-end"),
        pytest.param(b"[]", id="a-list"),
        pytest.param(b'{"event": "call_started"}', id="no-call"),
    ],
)
async def test_what_is_signed_and_no_webhook_is_refused(anyone: httpx.AsyncClient, sign: Sign, body: bytes) -> None:
    answer = await anyone.post(PATH, content=body, headers=sign(body))
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"


async def test_an_unknown_kind_of_webhook_is_taken(anyone: httpx.AsyncClient, sign: Sign, webhook: Webhook) -> None:
    body = webhook("chat_started")
    assert (await anyone.post(PATH, content=body, headers=sign(body))).status_code == 204


@pytest.mark.parametrize("chunked", [pytest.param(False, id="with-its-length"), pytest.param(True, id="in-chunks")])
async def test_over_two_mebibytes_nothing_is_read(anyone: httpx.AsyncClient, sign: Sign, chunked: bool) -> None:
    body = b" " * ((2 << 20) + 1)

    async def parts() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 65_536):
            yield body[start : start + 65_536]

    content: Any = parts() if chunked else body
    answer = await anyone.post(PATH, content=content, headers=sign(body))
    assert answer.status_code == 413


async def test_just_under_two_mebibytes_is_taken(anyone: httpx.AsyncClient, sign: Sign, webhook: Webhook) -> None:
    body = webhook("call_analyzed", transcript="x" * (2 << 20))[: 2 << 20]
    assert (await anyone.post(PATH, content=body, headers=sign(body))).status_code == 400  # read, and cut off


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        pytest.param("POST", f"{PATH}/nobody", 422, id="no-account-id"),
        pytest.param("POST", f"{PATH}hooks", 405, id="another-address-that-begins-so"),
        pytest.param("PUT", PATH, 405, id="another-method"),
    ],
)
async def test_what_is_no_webhook_is_left_to_the_other_routes(
    anyone: httpx.AsyncClient, sign: Sign, webhook: Webhook, method: str, path: str, status: int
) -> None:
    body = webhook("call_started")
    answer = await anyone.request(method, path, content=body, headers=sign(body))
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


async def test_webhooks_are_measured_by_their_addresses_and_have_a_request_id(
    anyone: httpx.AsyncClient, sign: Sign, webhook: Webhook
) -> None:
    body = webhook("call_started")
    answer = await anyone.post(PATH, content=body, headers=sign(body))
    refused = await anyone.post(f"{PATH}/00000000-0000-0000-0000-000000000000", content=body, headers=sign(body))
    assert refused.json()["request_id"] == refused.headers["x-request-id"] != answer.headers["x-request-id"]
    figures = (await anyone.get("/metrics")).text
    assert f'route="{PATH}",status="204"' in figures
    assert f'route="{PATH}/{{account_id}}",status="401"' in figures


async def test_the_addresses_of_webhooks_are_documented(anyone: httpx.AsyncClient) -> None:
    paths = (await anyone.get("/openapi.json")).json()["paths"]
    assert {PATH, f"{PATH}/{{account_id}}"} <= paths.keys()


async def test_accounts_have_addresses_of_their_own(
    anyone: httpx.AsyncClient,
    admin: httpx.AsyncClient,
    sign: Sign,
    webhook: Webhook,
    sessions: async_sessionmaker[AsyncSession],
) -> None:
    async with sessions.begin() as session:
        default = (await session.scalars(select(AccountRow))).one()
        other = AccountRow(organization_id=default.organization_id, name="Other", provider="retell")
        session.add(other)
    body = webhook("call_started")
    statuses = [
        (await anyone.post(f"{PATH}/{account}", content=body, headers=sign(body))).status_code
        for account in (default.id, other.id, "00000000-0000-0000-0000-000000000000")
    ]
    assert statuses == [204, 401, 401]
