"""Changing a lead over HTTP: what is right from the next call on, and what has come too late."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Protocol
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from temporalio.client import Client

from activities.gate import SendOrder, pass_gate
from activities.messages import CallFate
from activities.weighing import DialSettings
from storage.models import AttemptRow, AuditEntryRow, ContactRow, LeadRow, OrganizationRow
from storage.situations import LeadMoved
from tests.activities.engine_edge import EngineEdge
from tests.builders import ALWAYS

Attempts = Callable[..., Awaitable[Any]]
Member = Callable[[str], Awaitable[httpx.AsyncClient]]
Sessions = async_sessionmaker[AsyncSession]

NEW_YORK, CHICAGO, TOLL_FREE = "+12125550123", "+13125550124", "+18005550199"
OTHER = "+12125550177"
NOW = datetime(2026, 3, 2, 18, tzinfo=UTC)


@pytest.fixture
def engine_edge() -> EngineEdge:
    return EngineEdge()


@pytest.fixture
async def absent_engine(engine_edge: EngineEdge) -> Client:
    return await Client.connect("127.0.0.1:1", lazy=True, interceptors=[engine_edge])


async def post(client: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    answer = await client.post("/api/v1/leads", json={"phone_number": NEW_YORK} | fields)
    assert answer.status_code == 201, answer.text
    lead: dict[str, Any] = answer.json()
    return lead


async def patch(client: httpx.AsyncClient, lead_id: object, **fields: Any) -> httpx.Response:  # noqa: ANN401 - JSON
    return await client.patch(f"/api/v1/leads/{lead_id}", json=fields)


async def write(sessions: Sessions, lead_id: object, **columns: object) -> None:
    async with sessions.begin() as session:
        await session.execute(update(LeadRow).where(LeadRow.id == UUID(str(lead_id))).values(**columns))


async def finish(sessions: Sessions, lead_id: object, outcome: str = "reached") -> None:
    await write(sessions, lead_id, status="done", outcome=outcome, done_at=NOW)


async def lead_row(sessions: Sessions, lead_id: object) -> LeadRow:
    async with sessions() as session:
        return await session.get_one(LeadRow, UUID(str(lead_id)))


async def audit(sessions: Sessions) -> list[tuple[str, str, dict[str, Any]]]:
    async with sessions() as session:
        entries = await session.scalars(select(AuditEntryRow).order_by(AuditEntryRow.created_at))
        return [(entry.action, str(entry.target_id), entry.details) for entry in entries]


async def test_what_is_named_is_changed_and_the_workflow_is_woken(
    admin: httpx.AsyncClient, sessions: Sessions, engine_edge: EngineEdge
) -> None:
    lead = await post(admin, name="Ada", external_id="7")
    await write(sessions, lead["id"], planned_at=NOW)
    change = {
        "phone_number": CHICAGO,
        "name": "Grace",
        "source": "fair",
        "postal_code": "60601",
        "priority": 1,
        "not_before": "2027-01-02T14:00:00Z",
        "consent": {"basis": "written"},
        "custom_fields": {"plan": "gold"},
    }
    answer = await patch(admin, lead["id"], **change)
    assert answer.status_code == 200
    zone = {"time_zone": "America/Chicago", "time_zones": ["America/Chicago"]}
    changed = (await admin.get(f"/api/v1/leads/{lead['id']}")).json()
    assert changed == lead | change | zone
    assert answer.json() == changed | {"notes": []}
    assert (await lead_row(sessions, lead["id"])).planned_at is None
    assert engine_edge.signals == [(f"lead-{lead['id']}", "wake")]
    assert await audit(sessions) == [("lead.changed", lead["id"], {"fields": sorted(change)})]


async def test_null_clears_what_a_lead_may_be_without(admin: httpx.AsyncClient) -> None:
    given = {"name": "Ada", "source": "fair", "postal_code": "10001", "region": "US-NY"}
    lead = await post(admin, **given, not_before="2027-01-02T14:00:00Z", consent={"basis": "written"})
    cleared = dict.fromkeys([*given, "not_before", "consent"])
    assert (await patch(admin, lead["id"], **cleared)).json() == lead | cleared | {"notes": []}


@pytest.mark.parametrize(
    ("given", "change", "zones"),
    [
        pytest.param({}, {"phone_number": CHICAGO}, ["America/Chicago"], id="by-the-new-number"),
        pytest.param({}, {"region": "us-ca"}, ["America/Los_Angeles"], id="by-the-new-region"),
        pytest.param({"region": "US-CA"}, {"phone_number": CHICAGO}, ["America/Los_Angeles"], id="by-the-old-region"),
        pytest.param({"region": "US-CA"}, {"region": None}, ["America/New_York"], id="by-the-number-again"),
        pytest.param({}, {"time_zone": "asia/kolkata"}, ["Asia/Kolkata"], id="by-the-given-zone"),
        pytest.param(
            {"time_zone": "Asia/Kolkata"}, {"phone_number": CHICAGO}, ["Asia/Kolkata"], id="a-given-zone-stands"
        ),
        pytest.param({"time_zone": "Asia/Kolkata"}, {"time_zone": None}, ["America/New_York"], id="no-zone-given-now"),
        pytest.param({"time_zone": "Asia/Kolkata"}, {"phone_number": TOLL_FREE}, ["Asia/Kolkata"], id="toll-free"),
    ],
)
async def test_zones_are_decided_anew(
    admin: httpx.AsyncClient, given: dict[str, Any], change: dict[str, Any], zones: list[str]
) -> None:
    lead = await post(admin, **given)
    answer = await patch(admin, lead["id"], **change)
    assert (answer.status_code, answer.json()["time_zones"]) == (200, zones)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        pytest.param({"phone_number": "me"}, "phone_number", id="no-number"),
        pytest.param({"phone_number": None}, "phone_number", id="number-cleared"),
        pytest.param({"priority": 6}, "priority", id="priority"),
        pytest.param({"priority": None}, "priority", id="priority-cleared"),
        pytest.param({"custom_fields": None}, "custom_fields", id="custom-fields-cleared"),
        pytest.param({"custom_fields": {"a": "b\x00"}}, "custom_fields", id="nul"),
        pytest.param({"time_zone": "EST"}, "time_zone", id="abbreviation"),
        pytest.param({"region": "US-XX"}, "region", id="no-region"),
        pytest.param({"phone_number": TOLL_FREE}, "time_zone", id="nobody-can-tell-the-time"),
        pytest.param({"not_before": "2026-01-01T00:00:00"}, "not_before", id="no-offset"),
        pytest.param({"consent": {}}, "consent.basis", id="consent-without-basis"),
        pytest.param({"campaign_id": str(UUID(int=0))}, "campaign_id", id="no-field-of-this"),
    ],
)
async def test_an_impossible_change_is_refused_and_changes_nothing(
    admin: httpx.AsyncClient, change: dict[str, Any], field: str
) -> None:
    lead = await post(admin)
    answer = await patch(admin, lead["id"], **({"name": "New"} | change))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field
    assert (await admin.get(f"/api/v1/leads/{lead['id']}")).json() == lead


async def test_a_change_that_is_repeated_changes_nothing(
    admin: httpx.AsyncClient, sessions: Sessions, engine_edge: EngineEdge
) -> None:
    lead = await post(admin)
    answers = [await patch(admin, lead["id"], phone_number=CHICAGO, name="Ada") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    assert (await patch(admin, lead["id"])).json() == answers[0].json()
    assert (len(await audit(sessions)), len(engine_edge.signals)) == (1, 1)


@pytest.mark.parametrize("status", ["dialling", "unconfirmed", "in_progress"])
@pytest.mark.parametrize("change", [{"phone_number": CHICAGO}, {"time_zone": "Asia/Kolkata"}, {"region": "US-CA"}])
async def test_while_a_call_is_open_the_place_can_not_change(
    admin: httpx.AsyncClient, open_attempt: Attempts, status: str, change: dict[str, Any]
) -> None:
    attempt = await open_attempt(status)
    before = (await admin.get(f"/api/v1/leads/{attempt.lead_id}")).json()
    answer = await patch(admin, attempt.lead_id, name="Ada", **change)
    assert answer.status_code == 409
    assert "hang_up" in answer.json()["detail"]
    assert (await admin.get(f"/api/v1/leads/{attempt.lead_id}")).json() == before


async def test_while_a_call_is_open_the_rest_changes(admin: httpx.AsyncClient, open_attempt: Attempts) -> None:
    attempt = await open_attempt("in_progress")
    answer = await patch(admin, attempt.lead_id, name="Ada", priority=1, phone_number="+12125550199")
    assert (answer.status_code, answer.json()["name"], answer.json()["priority"]) == (200, "Ada", 1)
    assert answer.json()["attempts"][0]["status"] == "in_progress"


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"phone_number": CHICAGO}, id="number"),
        pytest.param({"time_zone": "Asia/Kolkata"}, id="zone"),
        pytest.param({"region": "US-CA"}, id="region"),
        pytest.param({"name": "Grace"}, id="what-the-agent-would-say"),
    ],
)
async def test_a_grant_is_given_back_with_its_frozen_request(
    admin: httpx.AsyncClient, open_attempt: Attempts, sessions: Sessions, change: dict[str, Any]
) -> None:
    attempt = await open_attempt("granted")
    await write(sessions, attempt.lead_id, status="in_progress")
    lead = (await patch(admin, attempt.lead_id, **change)).json()
    (shown,) = lead["attempts"]
    assert (lead["status"], shown["status"], shown["outcome"], shown["counts"]) == ("new", "done", "refused", False)
    async with sessions() as session:
        row = await session.get_one(AttemptRow, attempt.attempt_id)
    assert (row.request_body, row.slot_released_at is None) == (None, False)


async def test_a_grant_stays_where_its_request_stays_right(admin: httpx.AsyncClient, open_attempt: Attempts) -> None:
    attempt = await open_attempt("granted")
    lead = (await patch(admin, attempt.lead_id, priority=1, consent={"basis": "written"})).json()
    assert lead["attempts"][0]["status"] == "granted"


class LeadOfGrant(Protocol):
    lead_id: UUID
    attempt_id: UUID


async def waiters(sessions: Sessions, expected: int) -> None:
    """Come back when so many transactions wait for a lock."""
    query = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    async with sessions() as session:
        while await session.scalar(text(query)) != expected:
            await session.rollback()


def gate(session: AsyncSession, attempt_id: UUID) -> Awaitable[SendOrder | CallFate]:
    settings = DialSettings("https://leads.example.com", timedelta(seconds=300), frozenset({"simulator"}))
    return pass_gate(session, attempt_id, settings=settings, clock=partial(datetime.now, UTC))


@pytest.fixture
async def granted(admin: httpx.AsyncClient, open_attempt: Attempts) -> LeadOfGrant:
    """An attempt that every gate lets go, at any hour."""
    (campaign,) = (await admin.get("/api/v1/campaigns")).json()["items"]
    always = {"windows": ALWAYS, "calling_rules": "off"}
    assert (await admin.patch(f"/api/v1/campaigns/{campaign['id']}", json=always)).is_success
    made: LeadOfGrant = await open_attempt("granted")
    return made


async def test_a_number_that_changes_while_the_gate_lets_the_call_go_comes_too_late(
    admin: httpx.AsyncClient, sessions: Sessions, granted: LeadOfGrant
) -> None:
    async with sessions.begin() as session:
        assert isinstance(await gate(session, granted.attempt_id), SendOrder)
        change = asyncio.create_task(patch(admin, granted.lead_id, phone_number=CHICAGO))
        await waiters(sessions, 1)
    assert (await change).status_code == 409
    assert (await admin.get(f"/api/v1/leads/{granted.lead_id}")).json()["phone_number"] == "+12125550199"


async def test_a_gate_that_waits_for_a_change_of_the_number_lets_nothing_go(
    admin: httpx.AsyncClient, sessions: Sessions, granted: LeadOfGrant
) -> None:
    async def waiting_gate() -> SendOrder | CallFate:
        async with sessions.begin() as session:
            return await gate(session, granted.attempt_id)

    async with sessions.begin() as holder:
        await holder.get_one(LeadRow, granted.lead_id, with_for_update=True)
        change = asyncio.create_task(patch(admin, granted.lead_id, phone_number=CHICAGO))
        await waiters(sessions, 1)
        dial = asyncio.create_task(waiting_gate())
        await waiters(sessions, 2)
    assert (await change).status_code == 200
    with pytest.raises(LeadMoved):
        await dial
    async with sessions.begin() as session:
        assert not isinstance(await gate(session, granted.attempt_id), SendOrder)


async def test_two_changes_of_numbers_at_once_come_one_after_the_other(admin: httpx.AsyncClient) -> None:
    first = await post(admin)
    second = await post(admin, phone_number=CHICAGO)
    answers = await asyncio.gather(
        *(patch(admin, first["id"], phone_number=number) for number in (OTHER, "+12125550178")),
        *(patch(admin, second["id"], phone_number=number) for number in (OTHER, "+12125550178")),
    )
    assert {answer.status_code for answer in answers} <= {200, 409}
    shown = [(await admin.get(f"/api/v1/leads/{lead['id']}")).json()["phone_number"] for lead in (first, second)]
    assert len(set(shown)) == 2


async def test_a_number_that_another_lead_has_is_refused_unless_the_campaign_allows_it(
    admin: httpx.AsyncClient,
) -> None:
    other = await post(admin, phone_number=CHICAGO)
    lead = await post(admin)
    answer = await patch(admin, lead["id"], phone_number=CHICAGO)
    assert (answer.status_code, answer.json()["lead_id"]) == (409, other["id"])
    campaign = f"/api/v1/campaigns/{lead['campaign_id']}"
    assert (await admin.patch(campaign, json={"duplicate_numbers": "allow"})).is_success
    assert (await patch(admin, lead["id"], phone_number=CHICAGO)).status_code == 200


async def test_a_finished_lead_keeps_its_place_and_its_turn(admin: httpx.AsyncClient, sessions: Sessions) -> None:
    lead = await post(admin, name="Ada")
    await finish(sessions, lead["id"])
    free = {"name": "Grace", "source": "fair", "consent": {"basis": "written"}, "custom_fields": {"a": 1}}
    answer = await patch(admin, lead["id"], phone_number=NEW_YORK, priority=3, **free)
    assert (answer.status_code, {name: answer.json()[name] for name in free}) == (200, free)
    late: list[dict[str, Any]] = [
        {"phone_number": CHICAGO},
        {"time_zone": "Asia/Kolkata"},
        {"region": "US-CA"},
        {"postal_code": "10001"},
        {"priority": 1},
        {"not_before": "2027-01-02T14:00:00Z"},
    ]
    for change in late:
        refused = await patch(admin, lead["id"], **change)
        assert (refused.status_code, "reopen" in refused.json()["detail"]) == (409, True)
        assert next(iter(change)) in refused.json()["detail"]


async def test_a_finished_lead_is_not_woken(
    admin: httpx.AsyncClient, sessions: Sessions, engine_edge: EngineEdge
) -> None:
    lead = await post(admin)
    await finish(sessions, lead["id"])
    assert (await patch(admin, lead["id"], name="Grace")).status_code == 200
    assert engine_edge.signals == []


async def test_an_erased_lead_stays_erased(admin: httpx.AsyncClient, sessions: Sessions) -> None:
    lead = await post(admin)
    await finish(sessions, lead["id"], "erased")
    assert (await patch(admin, lead["id"], name="Ada")).status_code == 409


async def test_viewers_change_nothing_and_other_organisations_have_no_such_lead(
    admin: httpx.AsyncClient, member: Member, sessions: Sessions
) -> None:
    lead = await post(admin)
    path = f"/api/v1/leads/{lead['id']}"
    viewer = await member("viewer")
    assert (await patch(viewer, lead["id"], name="x")).status_code == 403
    async with sessions.begin() as session:
        other = OrganizationRow(name="Other")
        session.add(other)
        await session.flush()
        (await session.get_one(LeadRow, UUID(lead["id"]))).organization_id = other.id
    for answer in (
        await patch(admin, lead["id"], name="x", phone_number=OTHER),
        await admin.post(f"{path}/call-now"),
        await admin.post(f"{path}/reopen"),
        await patch(admin, UUID(int=0), name="x"),
    ):
        assert answer.status_code == 404
    async with sessions() as session:
        assert OTHER not in set(await session.scalars(select(ContactRow.phone_number)))


SETTLED = {"outcome": "answered", "counts": True, "settled_at": NOW, "slot_released_at": NOW}


async def test_a_disposition_is_corrected_by_hand(
    admin: httpx.AsyncClient, open_attempt: Attempts, sessions: Sessions, engine_edge: EngineEdge
) -> None:
    attempt = await open_attempt("done", disposition="not_interested", **SETTLED)
    for written, kept in [("Booked", "booked"), ("call back", "call_back")]:
        lead = (await patch(admin, attempt.lead_id, disposition=written)).json()
        assert (lead["disposition"], lead["attempts"][0]["disposition"], lead["notes"]) == (kept, kept, [])
    async with sessions() as session:
        row = await session.get_one(AttemptRow, attempt.attempt_id)
    assert row.disposition_by is not None
    assert len(engine_edge.signals) == 2
    assert await audit(sessions) == [("lead.changed", str(attempt.lead_id), {"fields": ["disposition"]})] * 2


async def test_a_disposition_that_is_confirmed_is_a_persons_word_from_then_on(
    admin: httpx.AsyncClient, open_attempt: Attempts, sessions: Sessions
) -> None:
    attempt = await open_attempt("done", disposition="booked", **SETTLED)
    for _ in range(2):
        assert (await patch(admin, attempt.lead_id, disposition="booked")).status_code == 200
    async with sessions() as session:
        row = await session.get_one(AttemptRow, attempt.attempt_id)
    assert row.disposition_by is not None
    assert len(await audit(sessions)) == 1


async def test_a_disposition_is_one_of_the_campaigns_own(admin: httpx.AsyncClient, open_attempt: Attempts) -> None:
    attempt = await open_attempt("done", **SETTLED)
    (campaign,) = (await admin.get("/api/v1/campaigns")).json()["items"]
    table = [{"name": "hot", "success": True}, {"name": "cold"}]
    assert (await admin.patch(f"/api/v1/campaigns/{campaign['id']}", json={"dispositions": table})).is_success
    answer = await patch(admin, attempt.lead_id, disposition="booked")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "disposition")
    assert "hot, cold" in answer.json()["detail"]
    assert (await patch(admin, attempt.lead_id, disposition="hot")).json()["disposition"] == "hot"


@pytest.mark.parametrize(
    ("status", "columns"),
    [
        pytest.param("in_progress", {}, id="only-a-live-call"),
        pytest.param("done", SETTLED | {"outcome": "refused", "counts": False}, id="only-a-call-that-never-rang"),
    ],
)
async def test_without_a_call_there_is_no_disposition(
    admin: httpx.AsyncClient, open_attempt: Attempts, status: str, columns: dict[str, Any]
) -> None:
    attempt = await open_attempt(status, **columns)
    assert (await patch(admin, attempt.lead_id, disposition="booked")).status_code == 409


async def test_calls_before_a_reopening_have_their_dispositions_already(
    admin: httpx.AsyncClient, open_attempt: Attempts, sessions: Sessions
) -> None:
    attempt = await open_attempt("done", **SETTLED)
    await write(sessions, attempt.lead_id, run=2, earlier_attempts=1)
    assert (await patch(admin, attempt.lead_id, disposition="booked")).status_code == 409


async def test_a_disposition_may_forbid_calls_to_whoever_was_called(
    admin: httpx.AsyncClient, open_attempt: Attempts, sessions: Sessions, engine_edge: EngineEdge
) -> None:
    attempt = await open_attempt("done", **SETTLED)
    campaign = (await admin.post("/api/v1/campaigns", json={"name": "Other"})).json()
    other = await post(admin, phone_number="+12125550199", campaign_id=campaign["id"])
    assert (await patch(admin, attempt.lead_id, phone_number=CHICAGO)).status_code == 200
    engine_edge.signals.clear()
    assert (await patch(admin, attempt.lead_id, disposition="wrong_number")).status_code == 200
    (entry,) = (await admin.get("/api/v1/do-not-call")).json()["items"]
    assert (entry["phone_number"], entry["source"]) == ("+12125550199", "disposition")
    assert {lead for lead, _ in engine_edge.signals} == {f"lead-{attempt.lead_id}", f"lead-{other['id']}"}
