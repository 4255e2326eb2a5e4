"""A call whose recording is kept, and who heard it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from api.dependencies import Dependencies
from storage.models import AttemptRow, AuditEntryRow
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
