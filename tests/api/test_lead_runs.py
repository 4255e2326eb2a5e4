"""Calling a lead ahead of the queue, and calling a finished one again."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from temporalio.client import Client

from storage.models import CampaignRow, LeadRow
from tests.activities.engine_edge import EngineEdge

Attempts = Callable[..., Awaitable[Any]]
Member = Callable[[str], Awaitable[httpx.AsyncClient]]
Sessions = async_sessionmaker[AsyncSession]

NOW = datetime(2026, 3, 2, 18, tzinfo=UTC)
NUMBER = "+12125550123"
SETTLED = {"outcome": "answered", "counts": True, "settled_at": NOW, "slot_released_at": NOW}


@pytest.fixture
def engine_edge() -> EngineEdge:
    return EngineEdge()


@pytest.fixture
async def absent_engine(engine_edge: EngineEdge) -> Client:
    return await Client.connect("127.0.0.1:1", lazy=True, interceptors=[engine_edge])


async def post(client: httpx.AsyncClient, **fields: Any) -> str:  # noqa: ANN401 - JSON
    answer = await client.post("/api/v1/leads", json={"phone_number": NUMBER} | fields)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def write(sessions: Sessions, lead_id: object, **columns: object) -> None:
    async with sessions.begin() as session:
        await session.execute(update(LeadRow).where(LeadRow.id == UUID(str(lead_id))).values(**columns))


async def finish(sessions: Sessions, lead_id: object, outcome: str = "reached", **columns: object) -> None:
    await write(sessions, lead_id, status="done", outcome=outcome, done_at=NOW, **columns)


async def lead_row(sessions: Sessions, lead_id: object) -> LeadRow:
    async with sessions() as session:
        return await session.get_one(LeadRow, UUID(str(lead_id)))


async def test_a_lead_is_called_ahead_as_often_as_somebody_asks(
    admin: httpx.AsyncClient, sessions: Sessions, engine_edge: EngineEdge
) -> None:
    lead_id = await post(admin, not_before="2030-01-01T00:00:00Z")
    await write(sessions, lead_id, planned_at=NOW)
    answers = [await admin.post(f"/api/v1/leads/{lead_id}/call-now") for _ in range(2)]
    assert [(answer.status_code, answer.json()["not_before"]) for answer in answers] == [(200, None)] * 2
    row = await lead_row(sessions, lead_id)
    assert row.called_ahead_at is not None
    assert (row.not_before, row.planned_at) == (None, None)
    assert engine_edge.signals == [(f"lead-{lead_id}", "wake")] * 2


@pytest.mark.parametrize("status", ["dialling", "unconfirmed", "in_progress"])
async def test_a_lead_with_a_call_is_not_called_ahead(
    admin: httpx.AsyncClient, open_attempt: Attempts, sessions: Sessions, status: str
) -> None:
    attempt = await open_attempt(status)
    answer = await admin.post(f"/api/v1/leads/{attempt.lead_id}/call-now")
    assert (answer.status_code, answer.json()["title"]) == (409, "Conflict")
    assert (await lead_row(sessions, attempt.lead_id)).called_ahead_at is None


async def test_a_grant_is_left_alone_by_call_now(admin: httpx.AsyncClient, open_attempt: Attempts) -> None:
    attempt = await open_attempt("granted")
    answer = await admin.post(f"/api/v1/leads/{attempt.lead_id}/call-now")
    assert (answer.status_code, answer.json()["attempts"][0]["status"]) == (200, "granted")


async def test_a_finished_lead_has_to_be_reopened_first(admin: httpx.AsyncClient, sessions: Sessions) -> None:
    lead_id = await post(admin)
    await finish(sessions, lead_id)
    answer = await admin.post(f"/api/v1/leads/{lead_id}/call-now")
    assert (answer.status_code, "reopen" in answer.json()["detail"]) == (409, True)


async def test_a_reopened_lead_begins_anew_in_a_workflow_of_its_own(
    admin: httpx.AsyncClient, open_attempt: Attempts, sessions: Sessions, engine_edge: EngineEdge
) -> None:
    attempt = await open_attempt("done", **SETTLED)
    of_one_run: dict[str, object] = dict.fromkeys(
        ["cancelled_at", "hang_up_at", "called_ahead_at", "not_before", "due_at", "planned_at", "next_attempt_at"], NOW
    )
    await finish(sessions, attempt.lead_id, "blocked", blocked_reason="x", disposition="booked", **of_one_run)
    answer = await admin.post(f"/api/v1/leads/{attempt.lead_id}/reopen")
    lead = answer.json()
    assert (answer.status_code, lead["status"], lead["outcome"], lead["blocked_reason"]) == (200, "new", None, None)
    assert (lead["disposition"], len(lead["attempts"])) == (None, 1)
    row = await lead_row(sessions, attempt.lead_id)
    assert (row.run, row.earlier_attempts, row.done_at) == (2, 1, None)
    assert {name: getattr(row, name) for name in of_one_run} == dict.fromkeys(of_one_run)
    assert engine_edge.started[-1] == f"lead-{attempt.lead_id}-r2"
    assert row.handed_over_at is not None


async def test_reopening_twice_starts_one_further_run(
    admin: httpx.AsyncClient, sessions: Sessions, engine_edge: EngineEdge
) -> None:
    lead_id = await post(admin)
    await finish(sessions, lead_id)
    answers = [await admin.post(f"/api/v1/leads/{lead_id}/reopen") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    assert engine_edge.started == [f"lead-{lead_id}", f"lead-{lead_id}-r2"]


async def test_a_lead_is_reopened_although_the_engine_is_away(
    admin: httpx.AsyncClient, sessions: Sessions, engine_edge: EngineEdge
) -> None:
    lead_id = await post(admin)
    await finish(sessions, lead_id)
    engine_edge.is_away = True
    assert (await admin.post(f"/api/v1/leads/{lead_id}/reopen")).json()["status"] == "new"
    row = await lead_row(sessions, lead_id)
    assert (row.run, row.handed_over_at) == (2, None)


async def test_whoever_must_not_be_called_is_not_called_again(admin: httpx.AsyncClient, sessions: Sessions) -> None:
    lead_id = await post(admin)
    await finish(sessions, lead_id)
    assert (await admin.post("/api/v1/do-not-call", json={"phone_number": NUMBER})).status_code == 201
    assert (await admin.post(f"/api/v1/leads/{lead_id}/reopen")).status_code == 409
    assert (await admin.delete(f"/api/v1/do-not-call/{NUMBER}")).status_code == 204
    assert (await admin.post(f"/api/v1/leads/{lead_id}/reopen")).status_code == 200


@pytest.mark.parametrize("status", ["finished", "archived"])
async def test_a_lead_of_a_campaign_that_is_over_is_not_reopened(
    admin: httpx.AsyncClient, sessions: Sessions, engine_edge: EngineEdge, status: str
) -> None:
    lead_id = await post(admin)
    await finish(sessions, lead_id)
    async with sessions.begin() as session:
        await session.execute(update(CampaignRow).values(status=status))
    answer = await admin.post(f"/api/v1/leads/{lead_id}/reopen")
    assert (answer.status_code, status in answer.json()["detail"]) == (409, True)
    assert "another campaign" in answer.json()["detail"]
    row = await lead_row(sessions, lead_id)
    assert (row.status, row.outcome, row.run) == ("done", "reached", 1)


async def test_of_an_erased_lead_it_is_said_that_it_was_erased(admin: httpx.AsyncClient, sessions: Sessions) -> None:
    lead_id = await post(admin)
    assert (await admin.delete(f"/api/v1/leads/{lead_id}")).status_code == 204
    answer = await admin.post(f"/api/v1/leads/{lead_id}/call-now")
    assert answer.status_code == 409
    assert "erased" in answer.json()["detail"]
    assert "reopen" not in answer.json()["detail"]


async def test_an_erased_lead_is_not_reopened(admin: httpx.AsyncClient, sessions: Sessions) -> None:
    lead_id = await post(admin)
    await finish(sessions, lead_id, "erased")
    assert (await admin.post(f"/api/v1/leads/{lead_id}/reopen")).status_code == 409


async def test_a_lead_whose_call_is_not_settled_is_not_reopened(
    admin: httpx.AsyncClient, open_attempt: Attempts, sessions: Sessions
) -> None:
    attempt = await open_attempt("in_progress")
    await finish(sessions, attempt.lead_id)
    answer = await admin.post(f"/api/v1/leads/{attempt.lead_id}/reopen")
    assert (answer.status_code, "settled" in answer.json()["detail"]) == (409, True)
    assert (await lead_row(sessions, attempt.lead_id)).run == 1


@pytest.mark.parametrize("action", ["call-now", "reopen"])
async def test_a_viewer_steers_nothing(
    admin: httpx.AsyncClient, member: Member, sessions: Sessions, action: str
) -> None:
    lead_id = await post(admin)
    viewer = await member("viewer")
    assert (await viewer.post(f"/api/v1/leads/{lead_id}/{action}")).status_code == 403
    assert (await admin.post(f"/api/v1/leads/no-id/{action}")).status_code == 422
    assert (await lead_row(sessions, lead_id)).called_ahead_at is None
