"""What happened to a lead, from all who know of it, in order."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from storage.models import AttemptRow, InboundCallRow, LeadRow, WebhookEventRow
from tests.api.conftest import AttemptOfLead

Sessions = async_sessionmaker[AsyncSession]
Json = dict[str, Any]

LATER = datetime.now(UTC) + timedelta(days=1)


async def timeline(client: httpx.AsyncClient, lead_id: object, **query: str) -> Json:
    answer = await client.get(f"/api/v1/leads/{lead_id}/timeline", params=query)
    assert answer.status_code == 200, answer.text
    page: Json = answer.json()
    return page


async def test_a_life_is_told_in_order_by_rows_reports_and_people(
    admin: httpx.AsyncClient,
    sessions: Sessions,
    open_attempt: Any,  # noqa: ANN401 - a fixture with arguments of its own
) -> None:
    at = [LATER + timedelta(seconds=second) for second in range(10)]
    made: AttemptOfLead = await open_attempt(
        "done",
        call_id="call_1",
        first_sent_at=at[0],
        started_at=at[1],
        ended_at=at[3],
        settled_at=at[5],
        slot_released_at=at[3],
        outcome="answered",
        disposition="interested",
        counts=True,
    )
    async with sessions.begin() as session:
        attempt = await session.get_one(AttemptRow, made.attempt_id)
        of_ours = {"organization_id": attempt.organization_id, "account_id": attempt.account_id}
        event = {"event_key": "k", "event": "call_ended", "call_id": "call_1", "payload": {}, "received_at": at[4]}
        session.add(WebhookEventRow(id=uuid4(), attempt_id=attempt.id, **of_ours, **event))
        rang = {"call_id": "in_1", "started_at": at[6], "lead_id": made.lead_id, "to_number": "+12125550101"}
        session.add(InboundCallRow(id=uuid4(), **of_ours, **rang))
    await admin.patch(f"/api/v1/leads/{made.lead_id}", json={"name": "Ada"})
    await admin.post(f"/api/v1/leads/{made.lead_id}/cancel")
    items = (await timeline(admin, made.lead_id))["items"]
    kinds = [item["kind"] for item in items]
    assert kinds[0] == "created"
    assert [item["at"] for item in items] == sorted(item["at"] for item in items)
    by_people = {item["kind"]: item for item in items if item["by"] == "admin@localhost"}
    assert by_people["lead.changed"]["details"] == {"fields": ["name"]}
    assert set(by_people) == {"lead.changed", "lead.cancelled"}
    assert {"granted", "cancelled", "done"} < set(kinds)
    assert kinds[-6:] == ["dialled", "call_begun", "call_over", "reported", "settled", "rang_in"]
    assert items[-2]["details"] == {"number": 1, "outcome": "answered", "disposition": "interested", "counts": True}
    assert (items[-3]["call_id"], items[-3]["details"]) == ("call_1", {"event": "call_ended"})


async def test_who_looks_again_and_has_no_attempt_planned_is_told_of_none(
    admin: httpx.AsyncClient, sessions: Sessions
) -> None:
    lead_id = (await admin.post("/api/v1/leads", json={"phone_number": "+12125550123"})).json()["id"]
    async with sessions.begin() as session:
        looks = {"planned_at": LATER, "due_at": LATER + timedelta(minutes=5), "waiting_for": "another call to end"}
        await session.execute(update(LeadRow).where(LeadRow.id == UUID(lead_id)).values(looks))
    (planned,) = [one for one in (await timeline(admin, lead_id))["items"] if one["kind"] == "planned"]
    assert planned["details"] == {"next_attempt_at": None, "waiting_for": "another call to end"}


async def test_pages_show_each_moment_once(
    admin: httpx.AsyncClient,
    open_attempt: Any,  # noqa: ANN401 - a fixture with arguments of its own
) -> None:
    made: AttemptOfLead = await open_attempt("in_progress", first_sent_at=LATER, started_at=LATER)
    whole = (await timeline(admin, made.lead_id))["items"]
    seen: list[Json] = []
    cursor: dict[str, str] = {}
    while True:
        page = await timeline(admin, made.lead_id, limit="1", **cursor)
        seen += page["items"]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert seen == whole
    assert len(whole) >= 4


async def test_nobody_sees_what_happened_to_a_lead_that_isnt_theirs(
    admin: httpx.AsyncClient, anyone: httpx.AsyncClient
) -> None:
    assert (await admin.get(f"/api/v1/leads/{uuid4()}/timeline")).status_code == 404
    assert (await anyone.get(f"/api/v1/leads/{uuid4()}/timeline")).status_code == 401
