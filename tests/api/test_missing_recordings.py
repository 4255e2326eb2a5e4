"""What is said where there is no recording to hear."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from api.dependencies import Dependencies
from storage.recording_store import RecordingStore
from tests.api.kept_recordings import (
    CONTENT,
    FETCHED,
    OVER,
    THEN,
    URL,
    Attempts,
    Kept,
    Sessions,
    change,
    dependencies,
    kept,
)

__all__ = ["dependencies", "kept"]


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
