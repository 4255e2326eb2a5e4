"""A person's rights over HTTP: erased everywhere, never called again, told what is known of them."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from api.dependencies import Dependencies
from storage import recordings
from storage.models import AttemptRow, AuditEntryRow, CallDeletionRow, LeadRow, TrialCallRow
from tests.api.conftest import AttemptOfLead
from tests.api.file_work import new_campaign, send, taken_in
from tests.traces import found_in_the_database

Sessions = async_sessionmaker[AsyncSession]
Attempts = Callable[..., Awaitable[Any]]
Member = Callable[[str], Awaitable[httpx.AsyncClient]]
Sign = Callable[..., dict[str, str]]

NUMBER = "+13125550177"
CANARY = "Canary"
HOOK = "/api/v1/calls/webhook"

# As it was given, as Americans write it, and any part long enough to find the person by.
TRACES = (CANARY, "Lovelace", "5550177", "555-0177", "555 0177")

PERSON: dict[str, Any] = {
    "phone_number": "(312) 555-0177",
    "name": f"{CANARY} Lovelace",
    "external_id": f"{CANARY}-17",
    "region": "US-IL",
    "postal_code": f"{CANARY}1",
    "consent": {"basis": "written", "text": f"{CANARY} agrees to be called at {NUMBER}", "source": CANARY},
    "custom_fields": {"pet": f"{CANARY}-Goldfish", "email": f"{CANARY.lower()}@example.com"},
}
TALK: dict[str, Any] = {
    "to_number": NUMBER,
    "call_status": "ended",
    "disconnection_reason": "user_hangup",
    "start_timestamp": 1_700_000_000_000,
    "end_timestamp": 1_700_000_030_000,
    "transcript": f"User: this is {CANARY} Lovelace, stop calling",
    "transcript_object": [{"role": "user", "content": f"{CANARY} says: stop calling me"}],
    "recording_url": f"https://recordings.example.com/{CANARY}",
    "call_analysis": {"call_summary": f"{CANARY} was glad", "custom_analysis_data": {"pet": f"{CANARY}-Goldfish"}},
}


def found_in_the_store(folder: Path) -> list[Path]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path for path in files if any(trace.encode() in path.read_bytes() for trace in TRACES)]


@pytest.fixture
def dependencies(app: FastAPI) -> Dependencies:
    dependencies: Dependencies = app.state.dependencies
    return dependencies


async def reported(anyone: httpx.AsyncClient, sign: Sign, event: str, call_id: str, **call: object) -> int:
    body = json.dumps({"event": event, "call": TALK | {"call_id": call_id} | call}).encode()
    return (await anyone.post(HOOK, content=body, headers=sign(body))).status_code


async def keep_recording(dependencies: Dependencies, attempt_id: UUID) -> str:
    """As a worker would."""

    async def content() -> AsyncIterator[bytes]:
        yield f"RIFF {CANARY}".encode()

    path = f"an-organization/2026-03/{attempt_id}"
    await dependencies.recordings.put(path, content(), media_type="audio/wav")
    async with dependencies.sessions.begin() as session:
        row = await session.get_one(AttemptRow, attempt_id)
        row.recording_path, row.recording_type, row.recording_bytes = path, "audio/wav", 11
        row.recording_fetched_at = datetime.now(UTC)
    return path


async def delete_recordings(dependencies: Dependencies) -> None:
    """As a worker would."""
    now = datetime.now(UTC)
    async with dependencies.sessions.begin() as session:
        due = await recordings.claim_to_delete(session, now=now, until=now, limit=100)
        for one in due:
            await dependencies.recordings.delete(one.path)


async def plant(
    admin: httpx.AsyncClient,
    anyone: httpx.AsyncClient,
    attempt: AttemptOfLead,
    sign: Sign,
    sessions: Sessions,
) -> str:
    """Leave traces of the person wherever one can, by the ways on which they come in; the id of the lead."""
    campaign_id = await new_campaign(admin, "Canaries")
    body = PERSON | {"campaign_id": campaign_id}
    lead = await admin.post("/api/v1/leads", json=body, headers={"Idempotency-Key": "once"})
    await admin.post("/api/v1/leads/batch", json={"leads": [PERSON | {"external_id": f"{CANARY}-18"}]})
    async with sessions.begin() as session:
        row = await session.get_one(AttemptRow, attempt.attempt_id)
        of_attempt = await session.get_one(LeadRow, row.lead_id)
        given = await session.get_one(LeadRow, UUID(lead.json()["id"]))
        row.contact_id = of_attempt.contact_id = given.contact_id
        row.request_body = {"to_number": NUMBER, "retell_llm_dynamic_variables": {"name": CANARY}}
        organization_id, account_id = row.organization_id, row.account_id
        trial = {"organization_id": organization_id, "account_id": account_id, "campaign_id": UUID(campaign_id)}
        session.add(TrialCallRow(from_number="+12125550101", call_id="call_trial", **trial))
    await admin.post("/api/v1/do-not-call", json={"phone_number": NUMBER, "reason": f"{CANARY} asked"})
    metadata = {"attempt_id": str(attempt.attempt_id)}
    for event in ("call_started", "call_ended", "call_analyzed"):
        assert await reported(anyone, sign, event, "call_1", metadata=metadata) == 204
    assert await reported(anyone, sign, "call_ended", "call_trial") == 204
    ringing = {"direction": "inbound", "from_number": NUMBER, "to_number": "+12125550101"}
    for event in ("call_started", "call_ended", "call_analyzed"):
        assert await reported(anyone, sign, event, "call_in", **ringing) == 204
    await admin.patch(f"/api/v1/leads/{lead.json()['id']}", json={"name": f"{CANARY} Byron"})
    rows = f"phone,name,time_zone\n{NUMBER},{CANARY},Nowhere/Land\n312-555-0177,{CANARY},Nowhere/Land\n"
    await taken_in(admin, sessions, (await send(admin, campaign_id, rows)).json()["id"])
    return str(lead.json()["id"])


@pytest.fixture
async def planted(
    admin: httpx.AsyncClient,
    anyone: httpx.AsyncClient,
    open_attempt: Attempts,
    sign: Sign,
    sessions: Sessions,
    dependencies: Dependencies,
) -> str:
    attempt = await open_attempt("in_progress", call_id="call_1")
    lead_id = await plant(admin, anyone, attempt, sign, sessions)
    await keep_recording(dependencies, attempt.attempt_id)
    return lead_id


async def test_of_an_erased_person_no_trace_is_left_anywhere(
    admin: httpx.AsyncClient,
    anyone: httpx.AsyncClient,
    planted: str,
    sign: Sign,
    sessions: Sessions,
    dependencies: Dependencies,
) -> None:
    folder = Path(dependencies.settings.recordings_location.removeprefix("file://"))
    before = await found_in_the_database(sessions, TRACES)
    assert {
        "contacts.phone_number",
        "contacts.do_not_call_reason",
        "leads.name",
        "leads.custom_fields",
        "leads.consent",
        "leads.external_id",
        "leads.postal_code",
        "interaction_attempts.transcript",
        "interaction_attempts.utterances",
        "interaction_attempts.analysis",
        "inbound_calls.from_number",
        "inbound_calls.transcript",
        "webhook_events.payload",
        "idempotency_keys.answer",
        "lead_import_rejections.cells",
    } <= set(before)
    assert found_in_the_store(folder)
    answers = [await admin.delete(f"/api/v1/leads/{planted}") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [204, 204]
    assert (await admin.get("/api/v1/persons/deletions")).json()["recordings_pending"] == 1
    await delete_recordings(dependencies)
    assert await found_in_the_database(sessions, TRACES) == {}
    assert found_in_the_store(folder) == []
    for event in ("call_ended", "call_analyzed", "transcript_updated"):
        for call_id in ("call_1", "call_in", "call_trial"):
            assert await reported(anyone, sign, event, call_id, end_timestamp=1_700_000_031_000) == 204
    assert await found_in_the_database(sessions, TRACES) == {}


async def test_what_is_counted_stays(admin: httpx.AsyncClient, planted: str, sessions: Sessions) -> None:
    await admin.delete(f"/api/v1/leads/{planted}")
    lead = (await admin.get(f"/api/v1/leads/{planted}")).json()
    assert (lead["status"], lead["outcome"], lead["name"], lead["custom_fields"]) == ("done", "erased", None, {})
    (call,) = (await admin.get("/api/v1/calls", params={"direction": "outbound"})).json()["items"]
    assert (call["call_id"], call["outcome"], call["counts"]) == ("call_1", "opted_out", True)
    async with sessions() as session:
        calls = set(await session.scalars(select(CallDeletionRow.call_id)))
        (entry,) = await session.scalars(select(AuditEntryRow).where(AuditEntryRow.action == "person.erased"))
    assert calls == {"call_1", "call_in", "call_trial"}
    assert entry.details == {}


async def test_all_that_is_known_of_a_number_is_told_to_admins(
    admin: httpx.AsyncClient, member: Member, planted: str
) -> None:
    answer = await admin.post("/api/v1/persons/export", json={"phone_number": NUMBER})
    known = answer.json()
    assert answer.status_code == 200
    assert planted in {lead["id"] for lead in known["leads"]}
    assert {call["call_id"] for call in known["calls"]} == {"call_1"}
    assert known["calls"][0]["recording"] == "/api/v1/calls/call_1/recording"
    assert {call["call_id"] for call in known["inbound_calls"]} == {"call_in"}
    assert {call["call_id"] for call in known["trial_calls"]} == {"call_trial"}
    assert known["contact"]["do_not_call_at"] is not None
    assert len(known["webhook_events"]) >= 7
    assert len(known["rejected_import_rows"]) == 2
    assert "lead.changed" in {entry["action"] for entry in known["audit_log"]}
    assert (
        await (await member("operator")).post("/api/v1/persons/export", json={"phone_number": NUMBER})
    ).status_code == 403


async def test_of_a_number_that_nobody_knows_nothing_is_told(admin: httpx.AsyncClient) -> None:
    known = (await admin.post("/api/v1/persons/export", json={"phone_number": NUMBER})).json()
    assert (known["contact"], known["leads"], known["calls"], known["suppressed_since"]) == (None, [], [], None)


async def test_an_erased_number_is_never_called_again_until_an_admin_lifts_that(
    admin: httpx.AsyncClient, sessions: Sessions
) -> None:
    person = {"phone_number": NUMBER}
    assert (await admin.post("/api/v1/persons/erase", json=person)).status_code == 204
    again = await admin.post("/api/v1/leads", json=person)
    assert again.status_code == 201
    number = (await admin.get(f"/api/v1/do-not-call/{NUMBER}")).json()
    assert (number["listed"], number["source"]) == (True, "erasure")
    assert (await admin.delete(f"/api/v1/do-not-call/{NUMBER}")).status_code == 409
    campaign_id = again.json()["campaign_id"]
    assert (await admin.post(f"/api/v1/campaigns/{campaign_id}/test-call", json=person)).status_code == 409
    assert (await admin.post("/api/v1/suppressions/lift", json=person)).status_code == 204
    assert (await admin.get(f"/api/v1/do-not-call/{NUMBER}")).json()["listed"] is False
    assert (await admin.post("/api/v1/suppressions/lift", json=person)).status_code == 404


async def test_a_file_that_was_sent_before_the_erasure_brings_nobody_back(
    admin: httpx.AsyncClient, sessions: Sessions
) -> None:
    rows = f"phone,name\n{NUMBER},{CANARY}\n+12125550123,Ada\n"
    sent = (await send(admin, await new_campaign(admin), rows)).json()
    await admin.post("/api/v1/persons/erase", json={"phone_number": NUMBER})
    done = await taken_in(admin, sessions, sent["id"])
    assert (done["rows_accepted"], done["rows_rejected"]) == (1, 1)
    assert await found_in_the_database(sessions, TRACES) == {}


async def test_an_erased_lead_is_changed_by_nobody(admin: httpx.AsyncClient, planted: str) -> None:
    await admin.delete(f"/api/v1/leads/{planted}")
    assert (await admin.patch(f"/api/v1/leads/{planted}", json={"name": CANARY})).status_code == 409
    assert (await admin.post(f"/api/v1/leads/{planted}/reopen")).status_code == 409
    assert (await admin.get("/api/v1/do-not-call")).json()["items"] == []


async def test_a_person_is_erased_in_one_organization_only(
    admin: httpx.AsyncClient, planted: str, sessions: Sessions
) -> None:
    other = (await admin.post("/api/v1/organizations", json={"name": "Another"})).json()
    switched = await admin.post("/api/v1/auth/token/switch", json={"organization_id": other["id"]})
    headers = {"Authorization": f"Bearer {switched.json()['access_token']}"}
    assert (await admin.delete(f"/api/v1/leads/{planted}", headers=headers)).status_code == 404
    await admin.post("/api/v1/persons/erase", json={"phone_number": NUMBER}, headers=headers)
    assert (await admin.get(f"/api/v1/leads/{planted}")).json()["name"] == f"{CANARY} Byron"


async def test_erasures_and_new_leads_of_one_number_at_once_all_come_to_an_end(
    admin: httpx.AsyncClient, sessions: Sessions
) -> None:
    person = {"phone_number": NUMBER}
    answers = await asyncio.gather(
        *(admin.post("/api/v1/leads", json=person) for _ in range(5)),
        *(admin.post("/api/v1/persons/erase", json=person) for _ in range(3)),
        *(admin.post("/api/v1/leads", json=person) for _ in range(5)),
    )
    assert {answer.status_code for answer in answers} <= {200, 201, 204}
    assert (await admin.get(f"/api/v1/do-not-call/{NUMBER}")).json()["listed"] in (True, False)
    async with sessions() as session:
        callable_leads = await session.scalar(
            text(
                "select count(*) from leads join contacts on contacts.id = leads.contact_id"
                " where leads.status = 'new' and do_not_call_at is null"
            )
        )
    assert callable_leads == 0
