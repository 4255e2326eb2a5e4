"""Whatever changes of an answer makes another validator of it."""

from datetime import UTC, datetime
from decimal import Decimal

import httpx
import pytest
from sqlalchemy import select

from api.schemas.calls import CallAnswer
from api.schemas.leads import AttemptAnswer, LeadAnswer, LeadSummary
from storage.models import (
    AccountRow,
    AttemptRow,
    Base,
    CallerIdRow,
    CampaignRow,
    ContactRow,
    LeadRow,
    NumberPoolRow,
    OrganizationRow,
)
from tests.api.polled import Attempts, Sessions, ask, attempt, change, paths

__all__ = ["attempt", "paths"]


LATER = datetime(2026, 5, 4, 12, 30, tzinfo=UTC)


OF_LEAD: dict[str, tuple[type[Base], str, object]] = {
    "status": (LeadRow, "status", "in_progress"),
    "blocked_reason": (LeadRow, "blocked_reason", "do_not_call"),
    "disposition": (LeadRow, "disposition", "booked"),
    "phone_number": (ContactRow, "phone_number", "+12125550177"),
    "name": (LeadRow, "name", "Another"),
    "time_zone": (LeadRow, "time_zones", ["America/Denver"]),
    "time_zones": (LeadRow, "time_zones", ["America/New_York", "America/Denver"]),
    "source": (LeadRow, "source", "fair"),
    "external_id": (LeadRow, "external_id", "crm-7"),
    "priority": (LeadRow, "priority", 1),
    "not_before": (LeadRow, "not_before", LATER),
    "custom_fields": (LeadRow, "custom_fields", {"a": 1}),
    "next_attempt_at": (LeadRow, "next_attempt_at", LATER),
    "waiting_for": (LeadRow, "waiting_for", "Godot"),
}
OF_LEAD_ALONE: dict[str, tuple[type[Base], str, object]] = {
    "region": (LeadRow, "region", "US-CO"),
    "postal_code": (LeadRow, "postal_code", "80202"),
    "consent": (LeadRow, "consent", {"basis": "written"}),
    "appointment_at": (AttemptRow, "appointment_at", LATER),
}
OF_ATTEMPT: dict[str, tuple[type[Base], str, object]] = {
    "number": (AttemptRow, "number", 2),
    "status": (AttemptRow, "status", "unconfirmed"),
    "counts": (AttemptRow, "counts", True),
    "disconnection_reason": (AttemptRow, "disconnection_reason", "user_hangup"),
    "disposition": (AttemptRow, "disposition", "booked"),
    "callback_at": (AttemptRow, "callback_at", "tomorrow"),
    "callback_problem": (AttemptRow, "callback_problem", "past"),
    "appointment_at": (AttemptRow, "appointment_at", LATER),
    "appointment_written": (AttemptRow, "appointment_written", "Thursday"),
    "appointment_problem": (AttemptRow, "appointment_problem", "unreadable"),
    "agent_version": (AttemptRow, "agent_version", 7),
    "from_number": (AttemptRow, "from_number", "+12125550102"),
    "started_at": (AttemptRow, "started_at", LATER),
    "ended_at": (AttemptRow, "ended_at", LATER),
    "duration_seconds": (AttemptRow, "duration_ms", 1_500),
    "transcript": (AttemptRow, "transcript", "User: Hello"),
    "recording_url": (AttemptRow, "recording_fetched_at", LATER),
    "analysis": (AttemptRow, "analysis", {"summary": "A talk."}),
    "cost": (AttemptRow, "cost_cents", Decimal("12.5")),
    "transfer_destination": (AttemptRow, "transfer_destination", "+12125550188"),
    "transfers": (
        AttemptRow,
        "transfers",
        [{"event": "transfer_started", "destination": None, "started_at": None, "at": "2026-05-04T12:30:00Z"}],
    ),
    "flags": (
        AttemptRow,
        "flags",
        [{"phrase": "stop", "then": "flag", "said_by": "callee", "utterance": 0, "at": "2026-05-04T12:30:00Z"}],
    ),
}
OF_CALL_ALONE: dict[str, tuple[type[Base], str, object]] = {
    "phone_number": (ContactRow, "phone_number", "+12125550177"),
}
NEVER_CHANGE = {"id", "direction", "lead_id", "campaign_id", "number_pool_id", "created_at", "call_id"}
CHANGE_WITH_OTHERS = {"outcome", "attempts", "inbound_calls"}
"""An outcome comes with its status; calls have tables of their own."""


def test_no_part_of_an_answer_is_left_out_below() -> None:
    """Whoever adds one says here what changes it: another validator has to come of it (storage/versions.py)."""
    known = NEVER_CHANGE | CHANGE_WITH_OTHERS
    assert set(LeadSummary.model_fields) - known == set(OF_LEAD)
    assert set(LeadAnswer.model_fields) - known == set(OF_LEAD | OF_LEAD_ALONE)
    assert set(AttemptAnswer.model_fields) - known == set(OF_ATTEMPT) & set(AttemptAnswer.model_fields)
    assert set(CallAnswer.model_fields) - known == set(OF_ATTEMPT | OF_CALL_ALONE) & set(CallAnswer.model_fields)


@pytest.mark.parametrize("field", sorted(OF_LEAD | OF_LEAD_ALONE))
async def test_whatever_changes_of_a_lead_is_told(
    admin: httpx.AsyncClient, paths: dict[str, str], sessions: Sessions, field: str
) -> None:
    row, column, value = (OF_LEAD | OF_LEAD_ALONE)[field]
    asked = ["lead", "leads"] if field in OF_LEAD else ["lead"]
    before = [await ask(admin, paths[what]) for what in asked]
    await change(sessions, row, **{column: value})
    for what, old in zip(asked, before, strict=True):
        new = await ask(admin, paths[what], old.headers["etag"])
        assert new.status_code == 200, what
        assert new.json() != old.json(), what


@pytest.mark.parametrize("field", sorted({*OF_ATTEMPT, *OF_CALL_ALONE} & set(CallAnswer.model_fields)))
async def test_whatever_changes_of_a_call_is_told(
    admin: httpx.AsyncClient, paths: dict[str, str], sessions: Sessions, field: str
) -> None:
    row, column, value = (OF_ATTEMPT | OF_CALL_ALONE)[field]
    asked = ["call", "calls", "lead"]
    before = [await ask(admin, paths[what]) for what in asked]
    await change(sessions, row, **{column: value})
    for what, old in zip(asked, before, strict=True):
        new = await ask(admin, paths[what], old.headers["etag"])
        assert new.status_code == 200, what
        assert new.json() != old.json(), what


async def test_a_call_that_ends_and_a_lead_that_is_done_are_told(
    admin: httpx.AsyncClient, paths: dict[str, str], sessions: Sessions
) -> None:
    asked = ["lead", "leads", "call", "calls", "calls that are live"]
    etags = [(await ask(admin, paths[what])).headers["etag"] for what in asked]
    await change(sessions, AttemptRow, status="done", outcome="answered", slot_released_at=LATER)
    await change(sessions, LeadRow, status="done", outcome="reached")
    answers = [await ask(admin, paths[what], etag) for what, etag in zip(asked, etags, strict=True)]
    assert [answer.status_code for answer in answers] == [200] * 5
    assert answers[0].json()["outcome"] == "reached"
    assert answers[4].json()["items"] == []


async def test_lists_tell_of_what_is_new_in_them_and_behind_them(
    admin: httpx.AsyncClient, paths: dict[str, str], open_attempt: Attempts
) -> None:
    etags = {}
    for what in ("leads", "leads of a search", "calls"):
        etags[what] = (await ask(admin, paths[what])).headers["etag"]
    await admin.post("/api/v1/leads", json={"phone_number": "+13125550123", "external_id": "another"})
    statuses = {what: (await ask(admin, paths[what], etag)).status_code for what, etag in etags.items()}
    assert statuses == {"leads": 200, "leads of a search": 304, "calls": 304}
    await admin.post("/api/v1/leads", json={"phone_number": "+12125550123"})
    assert (await ask(admin, paths["leads of a search"], etags["leads of a search"])).status_code == 200


@pytest.mark.parametrize(
    ("asked", "row", "column", "value"),
    [
        ("campaign", CampaignRow, "live_phrases", []),
        ("campaigns", CampaignRow, "status", "paused"),
        ("number pools", NumberPoolRow, "max_live_calls", 3),
        ("number pools", CallerIdRow, "phone_number", "+12125550188"),
        ("accounts", AccountRow, "parked_reason", "unpaid"),
        ("organization", OrganizationRow, "stopped_at", LATER),
    ],
)
async def test_whatever_changes_of_the_rest_is_told(
    admin: httpx.AsyncClient,
    paths: dict[str, str],
    sessions: Sessions,
    asked: str,
    row: type[Base],
    column: str,
    value: object,
) -> None:
    old = await ask(admin, paths[asked])
    async with sessions.begin() as session:
        one = (await session.scalars(select(row))).first()
        setattr(one, column, value)
    new = await ask(admin, paths[asked], old.headers["etag"])
    assert new.status_code == 200
    assert new.json() != old.json()
