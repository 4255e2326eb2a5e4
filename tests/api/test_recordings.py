"""Recordings over HTTP: who may hear which, in what parts, and what is said where there is none."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker
from sqlalchemy.pool import QueuePool
from starlette.types import Message

from api.dependencies import Dependencies
from storage.models import AttemptRow, AuditEntryRow, CampaignRow, MembershipRow, OrganizationRow, UserRow
from storage.recording_store import RecordingStore

Sessions = async_sessionmaker[AsyncSession]
SignIn = Callable[..., Awaitable[httpx.AsyncClient]]
Member = Callable[[str], Awaitable[httpx.AsyncClient]]
Attempts = Callable[..., Awaitable[Any]]

CONTENT = b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(range(256)) * 40
URL = "/api/v1/calls/call_1/recording"
THEN = datetime(2026, 3, 2, 18, tzinfo=UTC)
DIGEST = "ab" * 32
OVER: dict[str, Any] = {
    "call_id": "call_1",
    "outcome": "answered",
    "counts": True,
    "slot_released_at": THEN,
    "ended_at": THEN,
    "recording_url": "https://recordings.example.com/1.wav?signature=secret",
}
FETCHED: dict[str, Any] = OVER | {
    "recording_bytes": len(CONTENT),
    "recording_type": "audio/wav",
    "recording_digest": DIGEST,
    "recording_fetched_at": THEN,
}


@dataclass
class Kept:
    """A recording that is kept, and where."""

    lead_id: UUID
    attempt_id: UUID
    path: str
    store: RecordingStore


@pytest.fixture
def dependencies(app: FastAPI) -> Dependencies:
    dependencies: Dependencies = app.state.dependencies
    return dependencies


@pytest.fixture
async def kept(open_attempt: Attempts, dependencies: Dependencies) -> Kept:
    async def content() -> AsyncIterator[bytes]:
        yield CONTENT

    path = f"an-organization/2026-03/{uuid4()}"
    await dependencies.recordings.put(path, content(), media_type="audio/wav")
    made = await open_attempt("done", recording_path=path, **FETCHED)
    return Kept(made.lead_id, made.attempt_id, path, dependencies.recordings)


async def change(sessions: Sessions, attempt_id: UUID, **columns: object) -> None:
    async with sessions.begin() as session:
        row = await session.get_one(AttemptRow, attempt_id)
        for column, value in columns.items():
            setattr(row, column, value)


async def hearings(sessions: Sessions) -> list[AuditEntryRow]:
    async with sessions() as session:
        return list(await session.scalars(select(AuditEntryRow).where(AuditEntryRow.action == "recording.heard")))


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


async def test_each_hearing_is_noted_once_however_many_parts_it_takes(
    admin: httpx.AsyncClient, member: Member, kept: Kept, sessions: Sessions
) -> None:
    for start in (0, 1000, 500):
        await admin.get(URL, headers={"Range": f"bytes={start}-"})
    await (await member("viewer")).get(URL)
    entries = await hearings(sessions)
    assert len({entry.user_id for entry in entries}) == len(entries) == 2
    assert {entry.target_id for entry in entries} == {kept.attempt_id}
    assert entries[0].details == {"call_id": "call_1"}
    async with sessions.begin() as session:
        # The log only grows; without its trigger, which takes a superuser, time goes by in it.
        await session.execute(text("set local session_replication_role = replica"))
        for entry in await session.scalars(select(AuditEntryRow)):
            entry.created_at -= timedelta(minutes=11)
    await admin.get(URL, headers={"Range": "bytes=10-"})
    assert len(await hearings(sessions)) == 3


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


async def test_those_of_another_organization_find_no_such_call(
    dependencies: Dependencies, sign_in: SignIn, kept: Kept, sessions: Sessions
) -> None:
    async with sessions.begin() as session:
        other = OrganizationRow(id=uuid4(), name="Another agency")
        password = await dependencies.passwords.hash("x")
        stranger = UserRow(id=uuid4(), email="stranger@example.com", password_hash=password)
        session.add_all([other, stranger])
        await session.flush()
        session.add(MembershipRow(organization_id=other.id, user_id=stranger.id, role="admin"))
    answer = await (await sign_in("stranger@example.com", "x")).get(URL)
    assert (answer.status_code, answer.json()["detail"]) == (404, "There is no call with this id.")
    assert await hearings(sessions) == []


async def test_nobody_hears_anything_without_signing_in(anyone: httpx.AsyncClient, kept: Kept) -> None:
    assert (await anyone.get(URL)).status_code == 401


@pytest.mark.parametrize(
    ("recordings_for", "heard_by"),
    [
        pytest.param(None, ["admin", "operator", "viewer"], id="everybody"),
        pytest.param(["admin"], ["admin"], id="admins"),
        pytest.param(["operator"], ["admin", "operator"], id="operators"),
    ],
)
async def test_a_campaign_says_who_hears_its_recordings(
    admin: httpx.AsyncClient,
    member: Member,
    kept: Kept,
    sessions: Sessions,
    recordings_for: list[str] | None,
    heard_by: list[str],
) -> None:
    async with sessions.begin() as session:
        attempt = await session.get_one(AttemptRow, kept.attempt_id)
        (await session.get_one(CampaignRow, attempt.campaign_id)).recordings_for = recordings_for
    answers = {"admin": await admin.get(URL)}
    for role in ("operator", "viewer"):
        answers[role] = await (await member(role)).get(URL)
    assert [role for role, answer in answers.items() if answer.status_code == 200] == heard_by
    refused = [answer for answer in answers.values() if answer.status_code != 200]
    assert {answer.status_code for answer in refused} <= {403}
    assert all("admins" in answer.json()["detail"] for answer in refused)


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        pytest.param(OVER, "has not been fetched yet; try again in a moment", id="on-its-way"),
        pytest.param(OVER | {"recording_url": None}, "This call has no recording", id="none"),
        pytest.param(
            OVER | {"recording_given_up_at": THEN, "recording_problem": "link_dead", "recording_tries": 5},
            "link to it was dead, and so were those that it gave later (5 tries, the last one on 2026-03-02)",
            id="given-up",
        ),
        pytest.param(
            FETCHED | {"recording_deletion": "retention", "recording_deleted_at": THEN},
            "was deleted on 2026-03-02: the campaign keeps recordings for a while only",
            id="deleted",
        ),
        pytest.param(
            FETCHED | {"recording_deletion": "retention", "recording_path": "still/there"},
            "is being deleted",
            id="being-deleted",
        ),
        pytest.param(FETCHED | {"recording_deletion": "erasure"}, "because the person was erased", id="erased"),
    ],
)
async def test_where_there_is_none_the_answer_says_why(
    admin: httpx.AsyncClient, open_attempt: Attempts, columns: dict[str, Any], says: str
) -> None:
    made = await open_attempt("done", **columns)
    answer = await admin.get(URL)
    assert answer.status_code == 404
    assert says in answer.json()["detail"]
    (attempt,) = (await admin.get(f"/api/v1/leads/{made.lead_id}")).json()["attempts"]
    assert attempt["recording_url"] is None


async def test_a_call_that_goes_on_has_none_yet(admin: httpx.AsyncClient, open_attempt: Attempts) -> None:
    await open_attempt("in_progress", call_id="call_1")
    answer = await admin.get(URL)
    assert (answer.status_code, "not over yet" in answer.json()["detail"]) == (404, True)


async def test_what_somebody_took_out_of_the_store_is_said(admin: httpx.AsyncClient, kept: Kept) -> None:
    await kept.store.delete(kept.path)
    answer = await admin.get(URL)
    assert (answer.status_code, "no longer in the store" in answer.json()["detail"]) == (404, True)


async def test_a_file_of_another_size_is_not_passed_off_as_the_recording(
    admin: httpx.AsyncClient, kept: Kept, sessions: Sessions
) -> None:
    await change(sessions, kept.attempt_id, recording_bytes=len(CONTENT) + 1)
    assert (await admin.get(URL)).status_code == 404


async def test_a_store_that_is_away_is_asked_again(
    app: FastAPI, dependencies: Dependencies, admin: httpx.AsyncClient, kept: Kept, tmp_path: Path
) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.touch()
    away = RecordingStore((in_the_way / "recordings").as_uri())
    app.state.dependencies = replace(dependencies, recordings=away)
    answer = await admin.get(URL)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    app.state.dependencies = dependencies


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


async def test_only_an_admin_changes_who_hears_and_for_how_long_and_it_is_noted(
    admin: httpx.AsyncClient, member: Member, sessions: Sessions
) -> None:
    operator = await member("operator")
    given = {"name": "Quiet", "recording_days": 90, "recordings_for": ["admin"]}
    made = (await operator.post("/api/v1/campaigns", json=given)).json()
    assert (made["recording_days"], made["recordings_for"]) == (90, ["admin"])
    campaign = f"/api/v1/campaigns/{made['id']}"
    assert (await operator.patch(campaign, json={"recordings_for": None})).status_code == 403
    assert (await operator.patch(campaign, json={"recording_days": 1})).status_code == 403
    assert (await operator.patch(campaign, json={"max_attempts": 2})).status_code == 200
    changed = await admin.patch(campaign, json={"recording_days": None})
    assert (changed.status_code, changed.json()["recording_days"]) == (200, None)
    async with sessions() as session:
        noted = await session.scalars(
            select(AuditEntryRow).where(AuditEntryRow.action == "campaign.recordings_changed")
        )
        assert [entry.details for entry in noted] == [{"recording_days": None}]


@pytest.mark.parametrize(
    "given",
    [{"recording_days": 0}, {"recording_days": 10**6}, {"recordings_for": []}, {"recordings_for": ["everybody"]}],
)
async def test_a_setting_that_makes_no_sense_is_refused(admin: httpx.AsyncClient, given: dict[str, Any]) -> None:
    assert (await admin.post("/api/v1/campaigns", json={"name": "Odd"} | given)).status_code == 422
