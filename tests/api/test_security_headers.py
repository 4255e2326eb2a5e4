"""What browsers are told with every answer."""

import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send

from api.security_headers import SecurityHeaders


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        pytest.param("GET", "/api/v1/leads", 200, id="a-list"),
        pytest.param("GET", "/api/v1/leads/no-id", 422, id="invalid"),
        pytest.param("GET", "/api/v1/nothing", 404, id="no-such-address"),
        pytest.param("PUT", "/api/v1/leads", 405, id="no-such-method"),
        pytest.param("POST", "/api/v1/calls/webhook", 401, id="a-webhook"),
        pytest.param("POST", "/api/v1/organizations/current/stop", 200, id="a-write"),
        pytest.param("GET", "/healthz", 200, id="health"),
        pytest.param("GET", "/metrics", 200, id="metrics"),
        pytest.param("GET", "/docs", 200, id="a-page"),
    ],
)
async def test_every_answer_is_neither_guessed_at_nor_framed_nor_referred_to(
    admin: httpx.AsyncClient, method: str, path: str, status: int
) -> None:
    answer = await admin.request(method, path)
    assert answer.status_code == status
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert "strict-transport-security" not in answer.headers


async def test_answers_are_not_kept_but_where_they_say_how(admin: httpx.AsyncClient, anyone: httpx.AsyncClient) -> None:
    assert (await admin.get("/api/v1/leads")).headers["cache-control"] == "private, no-cache"
    assert (await admin.post("/api/v1/organizations/current/stop")).headers["cache-control"] == "no-store"
    token = await anyone.post("/api/v1/auth/token", data={"username": "admin@localhost", "password": "wrong"})
    assert token.headers["cache-control"] == "no-store"
    assert (await anyone.get("/healthz")).headers["cache-control"] == "no-store"
    assert (await anyone.get("/openapi.json")).headers["cache-control"] == "private, no-cache"


@pytest.mark.parametrize(
    ("path", "said", "told"),
    [
        pytest.param("/api/v1/calls/live", "no-cache", "no-store", id="asked-for-again-and-kept"),
        pytest.param("/api/v1/leads", "public, max-age=60", "no-store", id="kept-by-all"),
        pytest.param("/api/v1/leads", "Private, no-cache", "Private, no-cache", id="kept-by-who-asked"),
        pytest.param("/api/v1/leads", "max-age=0, no-store", "max-age=0, no-store", id="kept-by-nobody"),
        pytest.param("/docs/swagger-ui.css", "public, max-age=60", "public, max-age=60", id="nobodys"),
    ],
)
async def test_whatever_a_route_says_no_cache_on_the_way_keeps_an_answer_of_the_api(
    path: str, said: str, told: str
) -> None:
    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"Cache-Control", said.encode())]})
        await send({"type": "http.response.body", "body": b""})

    transport = httpx.ASGITransport(SecurityHeaders(answer, https_only=False))
    async with httpx.AsyncClient(transport=transport, base_url="http://leadline") as client:
        assert (await client.get(path)).headers.get_list("cache-control") == [told]


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/status",
        "/api/v1/leads/export",
        "/api/v1/calls/export?format=ndjson",
        "/api/v1/do-not-call/%2B12125550100",
        "/api/v1/persons/deletions",
        "/api/v1/auth/me",
        "/api/v1/audit-log",
        "/api/v1/analytics/summary",
        "/api/v1/nothing",
    ],
)
async def test_what_is_somebodys_is_never_kept_for_others(admin: httpx.AsyncClient, path: str) -> None:
    kept = (await admin.get(path)).headers["cache-control"]
    assert kept in ("no-store", "private, no-cache")


async def test_what_is_kept_of_one_person_or_page_is_not_taken_for_anothers(
    admin: httpx.AsyncClient, anyone: httpx.AsyncClient
) -> None:
    from_a_page = {"Origin": "https://app.example.com"}
    for headers in ({}, from_a_page):
        answer = await admin.get("/api/v1/leads", headers=headers)
        assert answer.headers.get_list("vary") == ["Origin, Authorization"]
        again = await admin.get("/api/v1/leads", headers={**headers, "If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.headers["vary"]) == (304, "Origin, Authorization")
        assert (await anyone.get("/openapi.json", headers=headers)).headers.get_list("vary") == ["Origin"]


async def test_data_runs_nowhere(admin: httpx.AsyncClient) -> None:
    assert "default-src 'none'" in (await admin.get("/openapi.json")).headers["content-security-policy"]


@pytest.mark.parametrize(
    ("https_only", "scheme", "is_said"),
    [
        pytest.param(True, "https", True, id="production-over-https"),
        pytest.param(True, "http", False, id="production-over-http"),
        pytest.param(False, "https", False, id="development"),
    ],
)
async def test_browsers_are_held_to_https_only_where_they_came_by_it(
    https_only: bool, scheme: str, is_said: bool
) -> None:
    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    transport = httpx.ASGITransport(SecurityHeaders(answer, https_only=https_only))
    async with httpx.AsyncClient(transport=transport, base_url=f"{scheme}://leadline") as client:
        assert ("strict-transport-security" in (await client.get("/")).headers) is is_said


async def test_what_an_answer_says_itself_stays() -> None:
    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        start: Message = {"type": "http.response.start", "status": 200, "headers": [(b"Referrer-Policy", b"origin")]}
        await send(start)
        await send({"type": "http.response.body", "body": b""})

    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(SecurityHeaders(answer, https_only=True)), base_url="http://leadline"
    ) as client:
        assert (await client.get("/")).headers.get_list("referrer-policy") == ["origin"]
