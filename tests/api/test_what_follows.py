"""What follows from a call, as people and programs outside see it."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from structlog.testing import capture_logs
from temporalio.client import Client

from api.dependencies import Dependencies
from storage.models import CampaignRow, ContactRow, LeadRow
from tests.activities.engine_edge import EngineEdge

PATH = "/api/v1/calls/webhook"
Attempts = Callable[..., Awaitable[Any]]
Sign = Callable[..., dict[str, str]]
Webhook = Callable[..., bytes]
Sessions = async_sessionmaker[AsyncSession]


@pytest.fixture
def engine_edge() -> EngineEdge:
    return EngineEdge()


@pytest.fixture
async def absent_engine(engine_edge: EngineEdge) -> Client:
    return await Client.connect("127.0.0.1:1", lazy=True, interceptors=[engine_edge])


async def another_lead_of_the_number(sessions: Sessions) -> LeadRow:
    async with sessions.begin() as session:
        contact = (await session.scalars(select(ContactRow))).one()
        campaign = (await session.scalars(select(CampaignRow))).first()
        assert campaign is not None
        lead = LeadRow(
            organization_id=contact.organization_id,
            campaign_id=campaign.id,
            contact_id=contact.id,
            time_zones=["America/Chicago"],
            time_zone_source="given",
            custom_fields={},
            handed_over_at=datetime.now(UTC),
        )
        session.add(lead)
    return lead


@pytest.mark.parametrize(
    "call",
    [
        pytest.param({"disconnection_reason": "user_requested_dnc"}, id="by-reason"),
        pytest.param({"call_analysis": {"custom_analysis_data": {"wrong_number": True}}}, id="by-disposition"),
    ],
)
async def test_a_number_that_may_not_be_called_again_ends_its_other_leads_at_once(
    admin: httpx.AsyncClient,
    anyone: httpx.AsyncClient,
    app: FastAPI,
    open_attempt: Attempts,
    sign: Sign,
    webhook: Webhook,
    sessions: Sessions,
    engine_edge: EngineEdge,
    call: dict[str, Any],
) -> None:
    attempt = await open_attempt("in_progress", call_id="call_1")
    other = await another_lead_of_the_number(sessions)
    body = webhook("call_analyzed", metadata={"attempt_id": str(attempt.attempt_id)}, **call)
    for _ in range(2):
        assert (await anyone.post(PATH, content=body, headers=sign(body))).status_code == 204
    dependencies: Dependencies = app.state.dependencies
    await dependencies.background.drain(timeout_seconds=5)
    assert engine_edge.signals.count((f"lead-{other.id}", "wake")) == 1
    listed = (await admin.get("/api/v1/do-not-call")).json()["items"]
    assert len(listed) == 1


@pytest.mark.parametrize(
    ("said", "problem"),
    [("2001-03-03T10:00:00", "past"), ("soon", "unreadable"), ("9999-01-01", "too_far"), (None, None)],
    ids=["past", "unreadable", "too-far", "nothing-said"],
)
async def test_a_lead_shows_what_was_promised_and_why_it_cannot_be_kept(
    admin: httpx.AsyncClient,
    anyone: httpx.AsyncClient,
    open_attempt: Attempts,
    sign: Sign,
    webhook: Webhook,
    said: str | None,
    problem: str | None,
) -> None:
    attempt = await open_attempt("in_progress", call_id="call_1")
    analysis = {"call_analysis": {"custom_analysis_data": {"callback_at": said}}}
    reason = {"disconnection_reason": "user_requested_callback"}
    body = webhook("call_analyzed", metadata={"attempt_id": str(attempt.attempt_id)}, **reason, **analysis)
    await anyone.post(PATH, content=body, headers=sign(body))
    (shown,) = (await admin.get(f"/api/v1/leads/{attempt.lead_id}")).json()["attempts"]
    assert (shown["callback_at"], shown["callback_problem"], shown["disposition"]) == (said, problem, "call_back")


async def test_a_lead_and_its_call_show_the_appointment_and_how_it_was_put_through(
    admin: httpx.AsyncClient, anyone: httpx.AsyncClient, open_attempt: Attempts, sign: Sign, webhook: Webhook
) -> None:
    attempt = await open_attempt("in_progress", call_id="call_1")
    known = {"metadata": {"attempt_id": str(attempt.attempt_id)}}
    said = {"call_analysis": {"custom_analysis_data": {"appointment_at": "2027-11-30T15:00:00-05:00"}}}
    for event in ("transfer_started", "transfer_bridged"):
        body = webhook(event, **known, transfer_destination="+12125550188")
        assert (await anyone.post(PATH, content=body, headers=sign(body))).status_code == 204
    body = webhook("call_analyzed", **known, **said, disconnection_reason="user_hangup")
    await anyone.post(PATH, content=body, headers=sign(body))
    lead = (await admin.get(f"/api/v1/leads/{attempt.lead_id}")).json()
    call = (await admin.get("/api/v1/calls/call_1")).json()
    assert lead["appointment_at"] == call["appointment_at"] == "2027-11-30T20:00:00Z"
    assert (call["appointment_written"], call["appointment_problem"]) == ("2027-11-30T15:00:00-05:00", None)
    assert (call["outcome"], call["transfer_destination"]) == ("transferred", "+12125550188")
    assert [(event["event"], event["destination"]) for event in call["transfers"]] == [
        ("transfer_started", "+12125550188"),
        ("transfer_bridged", "+12125550188"),
    ]
    assert all(event["at"].endswith("Z") for event in call["transfers"])


async def test_an_end_that_parks_is_told_in_the_log_within_its_request(
    admin: httpx.AsyncClient,
    anyone: httpx.AsyncClient,
    open_attempt: Attempts,
    sign: Sign,
    webhook: Webhook,
) -> None:
    attempt = await open_attempt("in_progress", call_id="call_1")
    metadata = {"attempt_id": str(attempt.attempt_id)}
    body = webhook("call_ended", metadata=metadata, disconnection_reason="no_valid_payment", duration_ms=0)
    with capture_logs() as lines:
        await anyone.post(PATH, content=body, headers=sign(body))
    (account,) = (await admin.get("/api/v1/accounts")).json()["items"]
    assert account["parked_reason"] == "no_valid_payment"
    told = [line for line in lines if line["event"] == "parked"]
    fields = {"what": "account", "id": account["id"], "reason": "no_valid_payment"}
    assert told == [{"event": "parked", "log_level": "error"} | fields]
