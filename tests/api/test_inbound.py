"""Somebody rings: what the agent is told, and where the call stands afterwards."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from storage.models import CampaignRow, WebhookEventRow
from tests.api.conftest import AttemptOfLead

PATH = "/api/v1/calls/webhook"
CALLER = "+12125550199"
Sign = Callable[..., dict[str, str]]
Sessions = async_sessionmaker[AsyncSession]
Ring = Callable[..., Awaitable[httpx.Response]]
Attempts = Callable[..., Awaitable[AttemptOfLead]]
IN = {"direction": "inbound", "from_number": CALLER, "to_number": "+12125550101"}


@pytest.fixture
def ring(anyone: httpx.AsyncClient, sign: Sign) -> Ring:
    async def ring(from_number: object = CALLER, path: str = PATH, **more: object) -> httpx.Response:
        asked = {"agent_id": "agent_1", "from_number": from_number, "to_number": "+12125550101", **more}
        body = json.dumps({"event": "call_inbound", "call_inbound": asked}).encode()
        return await anyone.post(path, content=body, headers=sign(body))

    return ring


async def post_lead(admin: httpx.AsyncClient, **fields: object) -> dict[str, Any]:
    lead = {"phone_number": CALLER, "name": "Ada", "source": "fair", "custom_fields": {"plan": "gold", "seats": 3}}
    answer: dict[str, Any] = (await admin.post("/api/v1/leads", json=lead | fields)).json()
    return answer


async def report(anyone: httpx.AsyncClient, sign: Sign, event: str, **call: object) -> None:
    body = json.dumps({"event": event, "call": {"call_id": "call_in", **IN, **call}}).encode()
    assert (await anyone.post(PATH, content=body, headers=sign(body))).status_code == 204


async def test_the_agent_is_told_of_the_callers_latest_lead(
    admin: httpx.AsyncClient, ring: Ring, sessions: Sessions
) -> None:
    lead = await post_lead(admin)
    async with sessions.begin() as session:
        campaign = (await session.scalars(select(CampaignRow))).one()
        campaign.agent_id, campaign.agent_version = "agent_of_the_campaign", "7"
    answer = await ring()
    assert answer.status_code == 200
    told = answer.json()["call_inbound"]
    assert told["override_agent_id"] == "agent_of_the_campaign"
    assert told["override_agent_version"] == 7
    assert told["metadata"] == {"lead_id": lead["id"], "campaign_id": lead["campaign_id"]}
    variables = told["dynamic_variables"]
    assert variables["lead_name"] == "Ada"
    assert (variables["plan"], variables["seats"], variables["attempt_number"]) == ("gold", "3", "0")
    assert all(isinstance(value, str) for value in variables.values())
    assert told["agent_override"]["agent"]["webhook_url"].endswith(PATH)


@pytest.mark.parametrize("number", ["+14155550123", "anonymous", None, 7, {}])
async def test_an_unknown_caller_is_answered_plainly(admin: httpx.AsyncClient, ring: Ring, number: object) -> None:
    await post_lead(admin)
    answer = await ring(number)
    assert (answer.status_code, answer.json()) == (200, {"call_inbound": {}})


async def test_a_forged_question_learns_nothing(
    admin: httpx.AsyncClient, anyone: httpx.AsyncClient, sign: Sign
) -> None:
    await post_lead(admin)
    body = json.dumps({"event": "call_inbound", "call_inbound": {"from_number": CALLER}}).encode()
    assert (await anyone.post(PATH, content=body, headers=sign(body, key="another key"))).status_code == 401


async def test_whoever_rings_leaves_no_trace_before_the_call_begins(
    admin: httpx.AsyncClient, ring: Ring, sessions: Sessions
) -> None:
    await post_lead(admin)
    await ring()
    async with sessions() as session:
        assert await session.scalar(select(func.count()).select_from(WebhookEventRow)) == 0


async def test_a_database_that_does_not_answer_keeps_nobody_from_being_answered(
    admin: httpx.AsyncClient, ring: Ring, engine: AsyncEngine
) -> None:
    await post_lead(admin)
    async with engine.connect() as connection:
        await connection.execute(text("lock table contacts in access exclusive mode"))
        answer = await ring()
        await connection.rollback()
    assert (answer.status_code, answer.json()) == (200, {"call_inbound": {}})


async def test_the_call_stands_in_the_leads_timeline_and_among_the_calls(
    admin: httpx.AsyncClient,
    anyone: httpx.AsyncClient,
    open_attempt: Callable[..., Awaitable[AttemptOfLead]],
    sign: Sign,
) -> None:
    attempt = await open_attempt("done", call_id="call_out", outcome="no_answer", slot_released_at=func.now())
    lead = f"/api/v1/leads/{attempt.lead_id}"
    paths = [lead, "/api/v1/calls", "/api/v1/calls/call_in", "/api/v1/calls?direction=inbound"]
    await report(anyone, sign, "call_started")
    etags = [(await admin.get(path)).headers["etag"] for path in paths]
    await report(anyone, sign, "call_analyzed", transcript="User: I am interested\n", duration_ms=4_000)
    answers = [await admin.get(path, headers={"If-None-Match": etag}) for path, etag in zip(paths, etags, strict=True)]
    assert [answer.status_code for answer in answers] == [200] * 4
    (shown,) = answers[0].json()["inbound_calls"]
    assert (shown["call_id"], shown["outcome"], shown["duration_seconds"]) == ("call_in", "answered", 4.0)
    assert (shown["direction"], shown["phone_number"]) == ("inbound", CALLER)
    assert answers[0].json()["outcome"] == "reached"
    assert [(call["direction"], call["call_id"]) for call in answers[1].json()["items"]] == [
        ("inbound", "call_in"),
        ("outbound", "call_out"),
    ]
    assert answers[2].json() == shown == answers[3].json()["items"][0]
    outbound = (await admin.get("/api/v1/calls?direction=outbound")).json()["items"]
    assert [call["call_id"] for call in outbound] == ["call_out"]


async def test_pages_of_both_kinds_leave_none_out_and_repeat_none(
    admin: httpx.AsyncClient,
    anyone: httpx.AsyncClient,
    open_attempt: Callable[..., Awaitable[AttemptOfLead]],
    sign: Sign,
) -> None:
    for place in range(3):
        await report(anyone, sign, "call_started", call_id=f"call_in_{place}")
        if place == 1:
            await open_attempt("in_progress", call_id="call_out")
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (await admin.get(f"/api/v1/calls?limit=1{f'&cursor={cursor}' if cursor else ''}")).json()
        seen += [call["call_id"] for call in page["items"]]
        cursor = page["next_cursor"]
    assert seen == ["call_in_2", "call_out", "call_in_1", "call_in_0"]


async def test_a_lead_that_rang_back_can_be_called_again(
    admin: httpx.AsyncClient, anyone: httpx.AsyncClient, sign: Sign
) -> None:
    lead = await post_lead(admin)
    await report(anyone, sign, "call_analyzed", transcript="User: Hello\n")
    assert (await admin.get(f"/api/v1/leads/{lead['id']}")).json()["outcome"] == "reached"
    again = (await admin.post(f"/api/v1/leads/{lead['id']}/reopen")).json()
    assert (again["status"], again["outcome"], len(again["inbound_calls"])) == ("new", None, 1)


async def test_an_unknown_kind_is_kept_once_whole_or_in_part(
    anyone: httpx.AsyncClient, sign: Sign, sessions: Sessions
) -> None:
    for text_of_chat in ("hello\x00", "hello\x00", "x" * (1 << 20)):
        body = json.dumps({"event": "chat_started", "chat": {"text": text_of_chat}}).encode()
        assert (await anyone.post(PATH, content=body, headers=sign(body))).status_code == 204
    async with sessions() as session:
        kept = (await session.scalars(select(WebhookEventRow).order_by(WebhookEventRow.received_at))).all()
    assert [(event.event, event.call_id, event.attempt_id) for event in kept] == [("chat_started", "", None)] * 2
    assert kept[0].payload == {"event": "chat_started", "chat": {"text": "hello"}}
    assert kept[1].payload["cut_off_after"] == len(kept[1].payload["beginning"])
    assert all(event.forwarded_at is not None for event in kept)
