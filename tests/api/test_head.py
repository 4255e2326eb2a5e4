"""HEAD says what GET would, and sends no body."""

from collections.abc import Iterator

import httpx
import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from storage.models import AuditEntryRow
from tests.api.live.conftest import Process, process, start
from tests.api.who_may_what import NOWHERE, TABLE

__all__ = ["process", "start"]

Sessions = async_sessionmaker[AsyncSession]

# One counts these requests too, the other tells the instant.
CHANGING = ("/metrics", "/api/v1/status")
READ = [path for method, path in TABLE if method == "GET" and path != "/api/v1/calls/live"]
EXPORTS = ("/api/v1/leads/export", "/api/v1/calls/export", "/api/v1/do-not-call/export")


def lasting(answer: httpx.Response) -> Iterator[tuple[str, str]]:
    """What is the same of an answer whenever it is given."""
    changing = {"x-request-id", "date", "transfer-encoding"}
    yield from (item for item in answer.headers.items() if item[0] not in changing)


@pytest.mark.parametrize("path", READ)
async def test_the_head_of_every_answer_is_that_of_a_get(admin: httpx.AsyncClient, path: str) -> None:
    at = path.format_map(NOWHERE)
    got, head = await admin.get(at), await admin.head(at)
    assert (head.status_code, head.content) == (got.status_code, b"")
    if path not in CHANGING:
        assert dict(lasting(head)) == dict(lasting(got))


async def test_who_has_the_answer_is_told_so(admin: httpx.AsyncClient) -> None:
    etag = (await admin.head("/api/v1/campaigns")).headers["etag"]
    assert etag == (await admin.get("/api/v1/campaigns")).headers["etag"]
    assert (await admin.head("/api/v1/campaigns", headers={"If-None-Match": etag})).status_code == 304


async def test_who_is_not_signed_in_is_refused_alike(anyone: httpx.AsyncClient) -> None:
    assert (await anyone.head("/api/v1/leads")).status_code == 401


async def test_the_live_stream_has_none_and_says_so(admin: httpx.AsyncClient) -> None:
    answer = await admin.head("/api/v1/calls/live")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")


async def test_addresses_say_that_they_take_it(admin: httpx.AsyncClient) -> None:
    assert (await admin.put("/api/v1/leads")).headers["allow"] == "GET, HEAD, POST"
    assert (await admin.head("/api/v1/persons/erase")).headers["allow"] == "POST"
    assert (await admin.head("/api/v1/nothing")).status_code == 404


@pytest.mark.parametrize("path", EXPORTS)
async def test_an_export_is_noted_only_where_something_goes_out(
    admin: httpx.AsyncClient, sessions: Sessions, path: str
) -> None:
    async def noted() -> int:
        async with sessions() as session:
            return await session.scalar(select(func.count()).select_from(AuditEntryRow)) or 0

    await admin.post("/api/v1/leads", json={"phone_number": "+12125550123"})
    head = await admin.head(path)
    assert (head.status_code, head.headers["content-type"], await noted()) == (200, "text/csv; charset=utf-8", 0)
    await admin.get(path)
    assert await noted() == 1


async def test_over_a_socket_the_connection_is_good_for_another_request(process: Process) -> None:
    """A server that took the head for a whole answer would wait for its body, or leave some of it behind."""
    client = await process.sign_in()
    for path in ("/api/v1/leads", "/api/v1/leads/export", "/openapi.json"):
        assert ((await client.head(path)).status_code, (await client.get(path)).status_code) == (200, 200)
