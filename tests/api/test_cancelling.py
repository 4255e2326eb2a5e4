from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from storage.models import AttemptRow, LeadRow

Attempts = Callable[..., Awaitable[Any]]


async def test_a_lead_that_waits_is_cancelled_at_once(admin: httpx.AsyncClient) -> None:
    lead = (await admin.post("/api/v1/leads", json={"phone_number": "+12125550123"})).json()
    answers = [await admin.post(f"/api/v1/leads/{lead['id']}/cancel") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert {(a.json()["status"], a.json()["outcome"]) for a in answers} == {("done", "cancelled")}


async def test_a_granted_slot_is_given_back(
    admin: httpx.AsyncClient, open_attempt: Attempts, sessions: async_sessionmaker[AsyncSession]
) -> None:
    attempt = await open_attempt("granted")
    lead = (await admin.post(f"/api/v1/leads/{attempt.lead_id}/cancel", json={})).json()
    assert (lead["status"], lead["outcome"]) == ("done", "cancelled")
    (shown,) = lead["attempts"]
    assert (shown["status"], shown["outcome"], shown["counts"]) == ("done", "refused", False)
    async with sessions() as session:
        row = await session.get_one(AttemptRow, attempt.attempt_id)
    assert row.slot_released_at is not None


@pytest.mark.parametrize("status", ["dialling", "unconfirmed", "in_progress"])
@pytest.mark.parametrize("hang_up", [pytest.param(True, id="hang-up"), pytest.param(False, id="talk-on")])
async def test_a_call_that_was_dialled_ends_first(
    admin: httpx.AsyncClient,
    open_attempt: Attempts,
    sessions: async_sessionmaker[AsyncSession],
    status: str,
    hang_up: bool,
) -> None:
    attempt = await open_attempt(status)
    answer = await admin.post(f"/api/v1/leads/{attempt.lead_id}/cancel", json={"hang_up": hang_up})
    assert answer.json()["status"] != "done"
    async with sessions() as session:
        row = await session.get_one(LeadRow, attempt.lead_id)
    assert row.cancelled_at is not None
    assert (row.hang_up_at is not None) == hang_up


async def test_a_finished_lead_keeps_its_outcome(
    admin: httpx.AsyncClient, sessions: async_sessionmaker[AsyncSession]
) -> None:
    lead = (await admin.post("/api/v1/leads", json={"phone_number": "+12125550123"})).json()
    async with sessions.begin() as session:
        row = await session.get_one(LeadRow, lead["id"])
        row.status, row.outcome, row.done_at = "done", "reached", datetime.now(UTC)
    answer = await admin.post(f"/api/v1/leads/{lead['id']}/cancel")
    assert (answer.status_code, answer.json()["outcome"]) == (200, "reached")
