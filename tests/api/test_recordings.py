"""Recordings over HTTP, whole and in parts."""

import asyncio

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import QueuePool
from starlette.types import Message

from tests.api.kept_recordings import (
    CONTENT,
    DIGEST,
    URL,
    Kept,
    Sessions,
    change,
    dependencies,
    hearings,
    kept,
)

__all__ = ["dependencies", "kept"]


async def test_a_recording_is_heard_whole(admin: httpx.AsyncClient, kept: Kept) -> None:
    answer = await admin.get(URL)
    assert (answer.status_code, answer.content) == (200, CONTENT)
    assert answer.headers["content-type"] == "audio/wav"
    assert answer.headers["content-length"] == str(len(CONTENT))
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["etag"] == f'"{DIGEST}"'
    assert answer.headers["content-disposition"] == 'inline; filename="call_1.wav"'
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_part_of_it_is_heard(admin: httpx.AsyncClient, kept: Kept) -> None:
    answer = await admin.get(URL, headers={"Range": "bytes=100-199"})
    assert (answer.status_code, answer.content) == (206, CONTENT[100:200])
    assert answer.headers["content-range"] == f"bytes 100-199/{len(CONTENT)}"
    assert answer.headers["content-length"] == "100"
    last = await admin.get(URL, headers={"Range": "bytes=-7"})
    assert last.content == CONTENT[-7:]


async def test_a_part_that_is_not_there_is_refused_with_how_much_there_is(admin: httpx.AsyncClient, kept: Kept) -> None:
    answer = await admin.get(URL, headers={"Range": f"bytes={len(CONTENT)}-"})
    assert (answer.status_code, answer.headers["content-range"]) == (416, f"bytes */{len(CONTENT)}")
    assert answer.json()["detail"] == f"The recording has {len(CONTENT)} bytes."


async def test_a_part_of_another_recording_is_the_whole_of_this_one(admin: httpx.AsyncClient, kept: Kept) -> None:
    part = {"Range": "bytes=0-9"}
    assert (await admin.get(URL, headers=part | {"If-Range": f'"{DIGEST}"'})).status_code == 206
    assert (await admin.get(URL, headers=part | {"If-Range": '"other"'})).content == CONTENT


@pytest.mark.parametrize(
    ("given", "status"), [(f'"{DIGEST}"', 304), (f'"other", W/"{DIGEST}"', 304), ("*", 304), ('"other"', 200)]
)
async def test_what_a_player_has_already_is_not_sent_again(
    admin: httpx.AsyncClient, kept: Kept, given: str, status: int
) -> None:
    answer = await admin.get(URL, headers={"If-None-Match": given})
    assert (answer.status_code, answer.headers["etag"]) == (status, f'"{DIGEST}"')
    assert (answer.content == b"") == (status == 304)


async def test_a_player_may_ask_how_much_there_is_without_hearing_it(
    admin: httpx.AsyncClient, kept: Kept, sessions: Sessions
) -> None:
    answer = await admin.head(URL)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == str(len(CONTENT))
    assert await hearings(sessions) == []


async def test_who_listens_for_minutes_holds_no_connection_to_the_database(
    app: FastAPI, admin: httpx.AsyncClient, kept: Kept, engine: AsyncEngine
) -> None:
    held: list[int] = []
    pool = engine.pool
    assert isinstance(pool, QueuePool)

    coming: list[Message] = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Message:
        """The request, and then nothing: whoever listens stays."""
        return coming.pop() if coming else await asyncio.get_running_loop().create_future()

    async def send(message: Message) -> None:
        if message["type"] == "http.response.body":
            held.append(pool.checkedout())

    authorization = (b"authorization", admin.headers["Authorization"].encode())
    scope = {"type": "http", "method": "GET", "path": URL, "raw_path": URL.encode(), "query_string": b""}
    await app(scope | {"headers": [authorization], "http_version": "1.1", "asgi": {"version": "3.0"}}, receive, send)
    assert set(held) == {0}


async def test_people_are_given_our_own_path_and_never_the_providers_link(
    admin: httpx.AsyncClient, kept: Kept, sessions: Sessions
) -> None:
    lead = (await admin.get(f"/api/v1/leads/{kept.lead_id}")).json()
    call = (await admin.get("/api/v1/calls/call_1")).json()
    assert [attempt["recording_url"] for attempt in lead["attempts"]] == [URL]
    assert call["recording_url"] == URL
    await change(sessions, kept.attempt_id, recording_fetched_at=None)
    for path in (f"/api/v1/leads/{kept.lead_id}", "/api/v1/calls/call_1", "/api/v1/calls"):
        assert "secret" not in (await admin.get(path)).text
