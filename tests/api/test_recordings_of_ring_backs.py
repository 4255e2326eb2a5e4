"""Recordings of calls that came in, over HTTP: heard by those whom the campaign lets, or who may hear strangers."""

import json
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select

from storage.models import AuditEntryRow, CampaignRow, InboundCallRow
from tests.api.kept_recordings import CONTENT, DIGEST, THEN, Member, Sessions
from tests.api.test_inbound import IN, post_lead, report

Sign = Callable[..., dict[str, str]]
CALL = "/api/v1/calls/call_in"
URL = f"{CALL}/recording"
STRANGER = {"from_number": "+14155550199"}


@pytest.fixture
async def path(app: FastAPI) -> str:
    async def content() -> AsyncIterator[bytes]:
        yield CONTENT

    path = f"an-organization/2026-03/{uuid4()}"
    await app.state.dependencies.recordings.put(path, content(), media_type="audio/wav")
    return path


async def keep(sessions: Sessions, path: str, **columns: object) -> InboundCallRow:
    """As the worker does once it has fetched the recording."""
    kept: dict[str, Any] = {
        "recording_path": path,
        "recording_bytes": len(CONTENT),
        "recording_type": "audio/wav",
        "recording_digest": DIGEST,
        "recording_fetched_at": THEN,
    }
    async with sessions.begin() as session:
        row = (await session.scalars(select(InboundCallRow))).one()
        for column, value in (kept | columns).items():
            setattr(row, column, value)
        return row


async def test_it_is_heard_in_parts_and_its_path_stands_with_its_call_wherever_that_is_told(
    admin: httpx.AsyncClient, anyone: httpx.AsyncClient, sign: Sign, sessions: Sessions, path: str
) -> None:
    lead = await post_lead(admin)
    link = "https://recordings.example.com/1.wav?signature=secret"
    await report(anyone, sign, "call_analyzed", transcript="User: Hello\n", recording_url=link)
    paths = [CALL, "/api/v1/calls", f"/api/v1/leads/{lead['id']}"]
    before = [await admin.get(one) for one in paths]
    assert all("secret" not in answer.text and '"recording_url":null' in answer.text for answer in before)
    assert "has not been fetched yet" in (await admin.get(URL)).json()["detail"]
    row = await keep(sessions, path)
    after = [
        await admin.get(one, headers={"If-None-Match": answer.headers["etag"]})
        for one, answer in zip(paths, before, strict=True)
    ]
    assert [answer.status_code for answer in after] == [200] * 3
    assert all(json.dumps(URL) in answer.text for answer in after)
    part = await admin.get(URL, headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, CONTENT[100:200])
    assert (await admin.get(URL)).content == CONTENT
    async with sessions() as session:
        (entry,) = await session.scalars(select(AuditEntryRow).where(AuditEntryRow.action == "recording.heard"))
    assert (entry.target_id, entry.details) == (row.id, {"call_id": "call_in"})


@pytest.mark.parametrize(
    ("is_known", "recordings_for", "heard_by"),
    [
        pytest.param(True, None, ["admin", "operator", "viewer"], id="everybody"),
        pytest.param(True, ["admin"], ["admin"], id="the-campaign-says-admins"),
        pytest.param(False, ["viewer"], ["admin", "operator"], id="a-stranger"),
    ],
)
async def test_who_hears_it(
    admin: httpx.AsyncClient,
    anyone: httpx.AsyncClient,
    member: Member,
    sign: Sign,
    sessions: Sessions,
    path: str,
    is_known: bool,
    recordings_for: list[str] | None,
    heard_by: list[str],
) -> None:
    await post_lead(admin)
    await report(anyone, sign, "call_analyzed", **IN | ({} if is_known else STRANGER))
    await keep(sessions, path)
    async with sessions.begin() as session:
        (await session.scalars(select(CampaignRow))).one().recordings_for = recordings_for
    answers = {"admin": await admin.get(URL)}
    for role in ("operator", "viewer"):
        answers[role] = await (await member(role)).get(URL)
    assert [role for role, answer in answers.items() if answer.status_code == 200] == heard_by
    assert {answer.status_code for answer in answers.values()} <= {200, 403}


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        pytest.param({"recording_fetched_at": None, "recording_path": None}, "has no recording", id="none"),
        pytest.param({"recording_deletion": "retention"}, "is being deleted: those of people whom nobody", id="over"),
        pytest.param({"recording_deletion": "erasure"}, "because the person was erased", id="erased"),
    ],
)
async def test_where_there_is_none_the_answer_says_why(
    admin: httpx.AsyncClient,
    anyone: httpx.AsyncClient,
    sign: Sign,
    sessions: Sessions,
    path: str,
    columns: dict[str, object],
    says: str,
) -> None:
    await report(anyone, sign, "call_analyzed", **IN | STRANGER)
    await keep(sessions, path, **columns)
    answer = await admin.get(URL)
    assert (answer.status_code, says in answer.json()["detail"]) == (404, True)
    assert (await admin.get(CALL)).json()["recording_url"] is None
