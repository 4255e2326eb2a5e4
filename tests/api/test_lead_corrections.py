"""A call that a person names otherwise: as if it had been named so at first, or the answer says what is left undone."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from temporalio.client import Client

from storage.models import AttemptRow, CampaignRow, ContactRow, InboundCallRow, LeadRow
from tests.activities.engine_edge import EngineEdge

Attempts = Callable[..., Awaitable[Any]]
Sessions = async_sessionmaker[AsyncSession]

NUMBER = "+12125550199"
ENDED = datetime.now(UTC) - timedelta(minutes=5)
SETTLED = {"counts": True, "ended_at": ENDED, "settled_at": ENDED, "slot_released_at": ENDED}
ANSWERED = SETTLED | {"outcome": "answered"}
PROMISED = (ENDED + timedelta(days=2)).isoformat()
ASKED_BACK = SETTLED | {
    "outcome": "callback_requested",
    "disposition": "call_back",
    "callback_at": PROMISED,
    "analysis": {"custom": {"callback_at": PROMISED}},
}


@pytest.fixture
def engine_edge() -> EngineEdge:
    return EngineEdge()


@pytest.fixture
async def absent_engine(engine_edge: EngineEdge) -> Client:
    return await Client.connect("127.0.0.1:1", lazy=True, interceptors=[engine_edge])


async def correct(client: httpx.AsyncClient, lead_id: object, disposition: str | None) -> dict[str, Any]:
    answer = await client.patch(f"/api/v1/leads/{lead_id}", json={"disposition": disposition})
    assert answer.status_code == 200, answer.text
    lead: dict[str, Any] = answer.json()
    return lead


async def change(sessions: Sessions, kind: type[Any], row_id: object, **columns: object) -> Any:  # noqa: ANN401
    async with sessions.begin() as session:
        row = await session.get_one(kind, row_id)
        for column, value in columns.items():
            setattr(row, column, value)
        return row


async def finish(sessions: Sessions, lead_id: UUID, outcome: str = "reached", **columns: object) -> LeadRow:
    done = {"status": "done", "outcome": outcome, "done_at": ENDED, "not_before": ENDED}
    lead: LeadRow = await change(sessions, LeadRow, lead_id, **(done | columns))
    return lead


async def lead_row(sessions: Sessions, lead_id: UUID) -> LeadRow:
    async with sessions() as session:
        return await session.get_one(LeadRow, lead_id)


async def campaign_of(sessions: Sessions, lead_id: UUID, **columns: object) -> None:
    await change(sessions, CampaignRow, (await lead_row(sessions, lead_id)).campaign_id, **columns)


async def test_a_lead_that_was_done_by_the_call_goes_on_with_its_attempts_counted(
    admin: httpx.AsyncClient, open_attempt: Attempts, sessions: Sessions, engine_edge: EngineEdge
) -> None:
    call = await open_attempt("done", disposition="not_interested", **ANSWERED)
    await finish(sessions, call.lead_id, hang_up_at=ENDED, called_ahead_at=ENDED, disposition="not_interested")
    lead = await correct(admin, call.lead_id, "call_back")
    assert (lead["status"], lead["outcome"], lead["disposition"], lead["notes"]) == ("new", None, "call_back", [])
    row = await lead_row(sessions, call.lead_id)
    assert (row.run, row.earlier_attempts, row.not_before) == (2, 0, ENDED)
    assert (row.hang_up_at, row.called_ahead_at, row.done_at) == (None, None, None)
    assert engine_edge.started[-1] == f"lead-{call.lead_id}-r2"
    assert row.handed_over_at is not None
    assert (await correct(admin, call.lead_id, "call_back"))["status"] == "new"
    assert (await lead_row(sessions, call.lead_id)).run == 2


async def test_a_correction_of_one_call_never_lands_on_a_later_one(
    admin: httpx.AsyncClient, open_attempt: Attempts, sessions: Sessions
) -> None:
    call = await open_attempt("done", disposition="not_interested", **ANSWERED)
    await finish(sessions, call.lead_id, disposition="not_interested")
    body = {"disposition": "call_back", "attempt_id": "00000000-0000-4000-8000-000000000001"}
    refused = await admin.patch(f"/api/v1/leads/{call.lead_id}", json=body)
    assert (refused.status_code, (await lead_row(sessions, call.lead_id)).status) == (409, "done")
    alone = await admin.patch(f"/api/v1/leads/{call.lead_id}", json={"attempt_id": str(call.attempt_id)})
    assert alone.status_code == 422
    named = await admin.patch(f"/api/v1/leads/{call.lead_id}", json=body | {"attempt_id": str(call.attempt_id)})
    assert (named.status_code, named.json()["status"]) == (200, "new")


async def test_who_rang_in_since_isnt_called_for_a_correction(
    admin: httpx.AsyncClient, open_attempt: Attempts, sessions: Sessions
) -> None:
    call = await open_attempt("done", disposition="not_interested", **ANSWERED)
    lead = await finish(sessions, call.lead_id, disposition="not_interested")
    async with sessions.begin() as session:
        ours = await session.get_one(AttemptRow, call.attempt_id)
        session.add(
            InboundCallRow(
                organization_id=lead.organization_id,
                account_id=ours.account_id,
                call_id="call_of_theirs",
                lead_id=lead.id,
                contact_id=lead.contact_id,
                campaign_id=lead.campaign_id,
                status="done",
                outcome="answered",
                settled_at=ENDED + timedelta(minutes=1),
            )
        )
    told = await correct(admin, call.lead_id, "call_back")
    assert told["status"] == "done"
    assert "reached otherwise" in told["notes"][0]


async def test_nobody_is_advised_to_have_somebody_called_elsewhere_who_said_no(
    admin: httpx.AsyncClient, open_attempt: Attempts, sessions: Sessions
) -> None:
    call = await open_attempt("done", **(ANSWERED | {"outcome": "opted_out"}))
    await finish(sessions, call.lead_id, "opted_out")
    await campaign_of(sessions, call.lead_id, status="finished")
    notes = (await correct(admin, call.lead_id, "call_back"))["notes"]
    assert "asked not to be called" in notes[-1]
    assert "another campaign" not in notes[-1]


async def test_a_lead_goes_on_although_the_engine_is_away(
    admin: httpx.AsyncClient, open_attempt: Attempts, sessions: Sessions, engine_edge: EngineEdge
) -> None:
    call = await open_attempt("done", disposition="booked", **ANSWERED)
    await finish(sessions, call.lead_id)
    engine_edge.is_away = True
    assert (await correct(admin, call.lead_id, "call_back"))["status"] == "new"
    assert (await lead_row(sessions, call.lead_id)).handed_over_at is None


@pytest.mark.parametrize(
    ("lead", "campaign", "outcome", "told"),
    [
        pytest.param({}, {"max_attempts": 1}, "max_attempts_reached", ["max_attempts is 1", "reopen"], id="used-up"),
        pytest.param({}, {"status": "finished"}, "cancelled", ["finished", "another campaign"], id="campaign-over"),
        pytest.param({"outcome": "cancelled", "cancelled_at": ENDED}, {}, "cancelled", ["reopen"], id="cancelled"),
        pytest.param(
            {"outcome": "blocked", "blocked_reason": "consent_missing"}, {}, "blocked", ["consent"], id="blocked"
        ),
        pytest.param({"rang_back": "reached"}, {}, "reached", ["otherwise", "reopen"], id="rang-back"),
    ],
)
async def test_a_lead_that_can_not_go_on_stays_done_and_the_answer_says_why(
    admin: httpx.AsyncClient,
    open_attempt: Attempts,
    sessions: Sessions,
    engine_edge: EngineEdge,
    lead: dict[str, object],
    campaign: dict[str, object],
    outcome: str,
    told: list[str],
) -> None:
    call = await open_attempt("done", disposition="booked", **ANSWERED)
    await campaign_of(sessions, call.lead_id, **campaign)
    await finish(sessions, call.lead_id, **lead)  # type: ignore[arg-type]
    corrected = await correct(admin, call.lead_id, "call_back")
    assert (corrected["status"], corrected["outcome"], corrected["disposition"]) == ("done", outcome, "call_back")
    (note,) = corrected["notes"]
    assert [word for word in told if word not in note] == []
    assert engine_edge.started == [f"lead-{call.lead_id}"]


async def test_what_ends_the_lead_otherwise_gives_it_its_outcome(
    admin: httpx.AsyncClient, open_attempt: Attempts, sessions: Sessions
) -> None:
    call = await open_attempt("done", disposition="booked", **ANSWERED)
    await finish(sessions, call.lead_id)
    corrected = await correct(admin, call.lead_id, "wrong_number")
    assert (corrected["status"], corrected["outcome"], corrected["notes"]) == ("done", "opted_out", [])


async def test_a_number_stays_on_the_do_not_call_list_until_somebody_takes_it_off(
    admin: httpx.AsyncClient, open_attempt: Attempts, sessions: Sessions, engine_edge: EngineEdge
) -> None:
    call = await open_attempt("done", disposition="booked", **ANSWERED)
    await correct(admin, call.lead_id, "wrong_number")
    await finish(sessions, call.lead_id, "opted_out")
    booked = await correct(admin, call.lead_id, "booked")
    assert booked["outcome"] == "reached"
    (note,) = booked["notes"]
    assert f"DELETE /api/v1/do-not-call/{NUMBER}" in note
    await correct(admin, call.lead_id, "wrong_number")
    again = await correct(admin, call.lead_id, "call_back")
    assert (again["status"], again["outcome"], again["blocked_reason"]) == ("done", "blocked", "do_not_call")
    assert [f"/do-not-call/{NUMBER}" in note for note in again["notes"]] == [True, True]
    assert engine_edge.started == [f"lead-{call.lead_id}"]
    async with sessions() as session:
        assert (await session.scalars(select(ContactRow.do_not_call_at))).one() is not None


async def test_a_number_that_was_taken_off_meanwhile_is_called_on(
    admin: httpx.AsyncClient, open_attempt: Attempts, sessions: Sessions
) -> None:
    call = await open_attempt("done", disposition="booked", **ANSWERED)
    await correct(admin, call.lead_id, "wrong_number")
    await finish(sessions, call.lead_id, "opted_out")
    assert (await admin.delete(f"/api/v1/do-not-call/{NUMBER}")).status_code == 204
    corrected = await correct(admin, call.lead_id, "call_back")
    assert (corrected["status"], corrected["notes"]) == ("new", [])


async def test_null_takes_a_correction_back_and_what_the_analysis_said_holds_again(
    admin: httpx.AsyncClient, open_attempt: Attempts, sessions: Sessions, engine_edge: EngineEdge
) -> None:
    call = await open_attempt("done", **ASKED_BACK)
    corrected = await correct(admin, call.lead_id, "booked")
    assert corrected["attempts"][0]["disposition"] == "booked"
    await finish(sessions, call.lead_id)
    restored = await correct(admin, call.lead_id, None)
    assert (restored["status"], restored["disposition"], restored["notes"]) == ("new", "call_back", [])
    (shown,) = restored["attempts"]
    assert (shown["disposition"], shown["callback_at"], shown["callback_problem"]) == ("call_back", PROMISED, None)
    assert engine_edge.started[-1] == f"lead-{call.lead_id}-r2"
    async with sessions() as session:
        assert (await session.get_one(AttemptRow, call.attempt_id)).disposition_by is None


async def test_null_changes_nothing_where_nobody_corrected_anything(
    admin: httpx.AsyncClient, open_attempt: Attempts, engine_edge: EngineEdge
) -> None:
    call = await open_attempt("done", disposition="booked", **ANSWERED)
    (shown,) = (await correct(admin, call.lead_id, None))["attempts"]
    assert shown["disposition"] == "booked"
    assert engine_edge.signals == []


async def test_a_promise_is_kept_once_the_call_is_named_a_call_back(
    admin: httpx.AsyncClient, open_attempt: Attempts
) -> None:
    """A call that broke off after somebody had named a time."""
    said = {"analysis": {"custom": {"callback_at": PROMISED}}}
    call = await open_attempt("done", **SETTLED, outcome="failed", **said)
    for disposition, promised in (("call_back", PROMISED), ("booked", None)):
        corrected = await correct(admin, call.lead_id, disposition)
        assert corrected["attempts"][0]["callback_at"] == promised
