"""Whatever is wrong with a request, the answer is problem+json and says what to do."""

from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from api.problem_answers import KINDS
from api.problems import TYPES, Problem

JSON = {"Content-Type": "application/json"}
LEADS = "/api/v1/leads"


def kind_of(answer: httpx.Response) -> str:
    """The problem's kind, once all that every problem has is there."""
    body = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert {"type", "title", "status", "detail", "request_id"} <= body.keys()
    assert (body["status"], body["request_id"]) == (answer.status_code, answer.headers["X-Request-ID"])
    return str(body["type"]).removeprefix(TYPES)


@pytest.mark.parametrize(
    ("method", "path", "sent", "status", "kind"),
    [
        pytest.param("GET", "/api/v1/nothing", {}, 404, "not-found", id="unknown-address"),
        pytest.param("GET", "/nothing", {}, 404, "not-found", id="unknown-page"),
        pytest.param("POST", f"{LEADS}/", {"json": {}}, 404, "not-found", id="trailing-slash-is-no-redirect"),
        pytest.param("PUT", LEADS, {}, 405, "method-not-allowed", id="method"),
        pytest.param("POST", LEADS, {"content": b"x" * 2**21}, 413, "too-large", id="too-large"),
        pytest.param("POST", LEADS, {"data": {"a": "b"}}, 415, "unsupported-media-type", id="form-for-json"),
        pytest.param("POST", LEADS, {"content": b"{}"}, 415, "unsupported-media-type", id="no-content-type"),
        pytest.param("POST", "/api/v1/auth/token", {"json": {}}, 415, "unsupported-media-type", id="json-for-form"),
        pytest.param("POST", LEADS, {"content": b"{", "headers": JSON}, 422, "invalid-request", id="broken-json"),
        pytest.param("POST", LEADS, {"content": b'"\xff"', "headers": JSON}, 422, "invalid-request", id="no-utf-8"),
        pytest.param(
            "POST", LEADS, {"content": b"[" * 99_999, "headers": JSON}, 422, "invalid-request", id="endlessly-nested"
        ),
        pytest.param(
            "POST",
            LEADS,
            {"content": b'{"priority": ' + b"9" * 9_999 + b"}", "headers": JSON},
            422,
            "invalid-request",
            id="gigantic-integer",
        ),
        pytest.param("POST", LEADS, {"json": {"phone_number": "\x00"}}, 422, "invalid-request", id="nul-in-a-body"),
        pytest.param("GET", LEADS, {"params": {"q": "a\x00"}}, 422, "invalid-request", id="nul-in-a-query"),
        pytest.param("GET", LEADS, {"params": {"limit": "9" * 9_999}}, 422, "invalid-request", id="gigantic-limit"),
        pytest.param("GET", f"{LEADS}?limit=1&limit=2", {}, 422, "invalid-request", id="twice-the-same"),
        pytest.param("GET", f"{LEADS}/no-id", {}, 422, "invalid-request", id="no-id"),
        pytest.param(
            "GET", f"{LEADS}/00000000-0000-0000-0000-000000000000", {}, 404, "not-found", id="an-id-of-nothing"
        ),
        pytest.param(
            "POST",
            LEADS,
            {"json": {}, "headers": {"Idempotency-Key": "é".encode()}},
            422,
            "invalid-request",
            id="odd-key",
        ),
    ],
)
async def test_each_refusal_is_a_problem(
    admin: httpx.AsyncClient, method: str, path: str, sent: dict[str, Any], status: int, kind: str
) -> None:
    answer = await admin.request(method, path, **sent)
    assert (answer.status_code, kind_of(answer)) == (status, kind)


async def test_an_address_says_which_methods_it_takes(admin: httpx.AsyncClient) -> None:
    answer = await admin.delete(LEADS)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD, POST")


async def test_a_preflight_of_a_stranger_is_refused_by_a_problem(anyone: httpx.AsyncClient) -> None:
    asked = {"Origin": "https://evil.example.com", "Access-Control-Request-Method": "POST"}
    answer = await anyone.options(LEADS, headers=asked)
    assert (answer.status_code, kind_of(answer)) == (422, "invalid-request")
    assert "Origin" in answer.headers["Vary"]
    friend = await anyone.options(LEADS, headers=asked | {"Origin": "https://app.example.com"})
    assert friend.status_code == 200


async def test_a_body_with_a_kind_of_json_is_read(admin: httpx.AsyncClient) -> None:
    headers = {"Content-Type": "application/vnd.example+json; charset=utf-8"}
    answer = await admin.post(LEADS, content=b'{"phone_number": "+12125550123"}', headers=headers)
    assert answer.status_code == 201


async def test_a_crash_is_a_problem_that_tells_nothing(app: FastAPI, anyone: httpx.AsyncClient) -> None:
    @app.get("/crash")
    async def crash() -> None:
        raise RuntimeError("a secret")

    answer = await anyone.get("/crash")
    assert (answer.status_code, kind_of(answer), "secret" in answer.text) == (500, "internal-error", False)


async def test_what_is_made_says_where_it_is(admin: httpx.AsyncClient) -> None:
    for path, body in {
        LEADS: {"phone_number": "+12125550123"},
        "/api/v1/campaigns": {"name": "A"},
        "/api/v1/number-pools": {"name": "A"},
        "/api/v1/do-not-call": {"phone_number": "+12125550124"},
    }.items():
        made = await admin.post(path, json=body)
        found = await admin.get(made.headers["Location"])
        same = found.json().keys() & made.json().keys()
        assert (made.status_code, found.status_code) == (201, 200)
        assert {name: found.json()[name] for name in same} == {name: made.json()[name] for name in same}


def test_the_document_tells_of_problems_as_they_are() -> None:
    told = {status: (kind, title) for status, (kind, title, _) in KINDS.items()}
    assert {kind.status: (kind.kind, kind.title) for kind in Problem.__subclasses__() if kind.status in told} == told
