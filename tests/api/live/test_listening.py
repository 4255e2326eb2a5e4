"""What somebody who listens hears of calls."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from storage.models import MembershipRow, UserRow
from tests.api.live.conftest import Change, NewCall, Process, Report, Sessions
from tests.api.live.ear import listen


def spoken(event: dict[str, Any]) -> list[str]:
    return [utterance["content"] for utterance in event["utterances"]]


async def test_who_connects_is_shown_the_calls_that_are_live_and_all_that_was_said(
    listener: httpx.AsyncClient, new_call: NewCall, report: Report
) -> None:
    first, second = await new_call(), await new_call("granted")
    await report(first, ("agent", "Good day"), ("user", "Hello"))
    async with listen(listener) as ear:
        begin, *shown = await ear.shown()
    assert begin == {"type": "begin", "resumed": False}
    assert [(event["type"], event["snapshot"], event["call_id"]) for event in shown] == [
        ("call", True, first.call_id),
        ("call", True, second.call_id),
    ]
    assert (spoken(shown[0]), spoken(shown[1])) == (["Good day", "Hello"], [])
    assert ear.last_event_id
    assert ear.retry_ms
    assert (ear.response.headers["content-type"], ear.response.headers["cache-control"]) == (
        "text/event-stream; charset=utf-8",
        "no-store",
    )


async def test_calls_that_are_over_are_not_shown(
    listener: httpx.AsyncClient, new_call: NewCall, report: Report
) -> None:
    await report(await new_call(), event="call_ended", disconnection_reason="user_hangup")
    async with listen(listener) as ear:
        assert await ear.shown() == [{"type": "begin", "resumed": False}]


async def test_what_is_said_is_told_once_and_only_what_is_new(
    listener: httpx.AsyncClient, new_call: NewCall, report: Report
) -> None:
    call = await new_call()
    async with listen(listener) as ear:
        await ear.shown()
        said = [("agent", "Good day"), ("user", "Hel"), ("user", "Hello"), ("agent", "How are you?")]
        await report(call, *said[:1])
        heard = [await ear.event("transcript")]
        await report(call, said[0], said[1])
        heard.append(await ear.event("transcript"))
        await report(call, said[0], said[1])
        await report(call, said[0], said[2], said[3])
        heard.append(await ear.event("transcript"))
    assert [(event["utterances_from"], spoken(event), event["is_cut"]) for event in heard] == [
        (0, ["Good day"], False),
        (1, ["Hel"], False),
        (1, ["Hello", "How are you?"], False),
    ]
    assert heard[0]["attempt"]["id"] == str(call.attempt_id)
    assert (heard[0]["lead_id"], heard[0]["campaign_id"]) == (str(call.lead_id), str(call.campaign_id))


async def test_a_call_is_told_from_its_grant_to_its_outcome(
    listener: httpx.AsyncClient, new_call: NewCall, report: Report, change: Change
) -> None:
    async with listen(listener) as ear:
        await ear.shown()
        call = await new_call("granted")
        events = [await ear.event("call")]
        await change(call, status="dialling")
        events.append(await ear.event("call"))
        await report(call, event="call_started", start_timestamp=1_772_474_400_000)
        events.append(await ear.event("call"))
        await report(call, event="call_ended", disconnection_reason="user_hangup", duration_ms=31_500)
        events.append(await ear.event("call"))
        await report(call, event="call_analyzed", disconnection_reason="user_hangup", transcript="User: Hi")
        events.append(await ear.event("call"))
    assert [(event["attempt"]["status"], event["snapshot"]) for event in events] == [
        ("granted", False),
        ("dialling", False),
        ("in_progress", False),
        ("in_progress", False),
        ("done", False),
    ]
    assert events[2]["attempt"]["started_at"] == "2026-03-02T18:00:00Z"
    assert (events[3]["attempt"]["duration_seconds"], events[3]["attempt"]["outcome"]) == (31.5, None)
    assert (events[4]["attempt"]["outcome"], events[4]["attempt"]["disconnection_reason"]) == (
        "answered",
        "user_hangup",
    )


async def test_a_phrase_that_the_campaign_listens_for_is_told_at_once_and_shown_in_every_answer(
    listener: httpx.AsyncClient, new_call: NewCall, report: Report
) -> None:
    call = await new_call()
    async with listen(listener) as ear:
        await ear.shown()
        await report(call, ("user", "Stop calling!"))
        told = await ear.event("flag")
        await report(call, ("user", "Stop calling!"), ("user", "I said stop calling!"))
        assert (await ear.event())["type"] == "transcript"
    assert (told["flag"]["phrase"], told["flag"]["then"], told["flag"]["utterance"]) == (
        "stop calling",
        "do_not_call",
        0,
    )
    assert told["attempt"]["flags"] == [told["flag"]]
    read = (await listener.get(f"/api/v1/calls/{call.call_id}")).json()
    lead = (await listener.get(f"/api/v1/leads/{call.lead_id}")).json()
    assert read["flags"] == lead["attempts"][0]["flags"] == [told["flag"]]


@pytest.mark.parametrize("by", ["campaign_id", "lead_id", "call_id"])
async def test_a_listener_may_ask_for_some_calls_only(
    listener: httpx.AsyncClient, new_call: NewCall, report: Report, by: str
) -> None:
    other_campaign = (await listener.post("/api/v1/campaigns", json={"name": "Another"})).json()["id"]
    wanted, other = await new_call(), await new_call(campaign_id=UUID(other_campaign))
    async with listen(listener, **{by: str(getattr(wanted, by))}) as ear:
        _, *shown = await ear.shown()
        await report(other, ("user", "Hello there"))
        await report(wanted, ("user", "Hello"))
        told = await ear.event()
    assert [event["call_id"] for event in (*shown, told)] == [wanted.call_id] * 2


async def test_calls_of_another_organisation_never_appear(
    listener: httpx.AsyncClient, new_call: NewCall, change: Change, report: Report, foreign_campaign: UUID
) -> None:
    foreign = await new_call(campaign_id=foreign_campaign)
    own = await new_call()
    asked = {"call_id": foreign.call_id}, {"lead_id": str(foreign.lead_id)}
    async with listen(listener) as ear, listen(listener, **asked[0]) as one, listen(listener, **asked[1]) as two:
        assert [event.get("call_id") for event in await ear.shown()] == [None, own.call_id]
        assert len(await one.shown()) == len(await two.shown()) == 1
        since = ear.last_event_id
        for number in range(3):
            await change(foreign, utterances=[{"role": "user", "content": f"Secret {number}"}])
            await report(own, ("user", f"Hello {number}"))
            told = await ear.event()
            assert (told["call_id"], spoken(told)) == (own.call_id, [f"Hello {number}"])
    async with listen(listener, since) as ear:
        assert [event.get("call_id") for event in await ear.shown()] == [None, own.call_id]
    refused = await listener.get("/api/v1/calls/live", params={"campaign_id": str(foreign_campaign)})
    assert refused.status_code == 404


async def test_what_was_said_is_passed_on_as_data_whatever_it_is(
    listener: httpx.AsyncClient, new_call: NewCall, report: Report
) -> None:
    call = await new_call()
    hostile = [
        "<script>alert(1)</script>",
        "\n\nid: 1\ndata: {}\r\n\r\nevent: end\u2028\u2029\x85",
        "\x00\x01\x1b[31m\x7f",
        "\ud800 half a character",
        "نعم 👍🏽",
    ]
    async with listen(listener) as ear:
        await ear.shown()
        await report(call, *(("user", content) for content in hostile))
        told = await ear.event("transcript")
    assert spoken(told) == [
        hostile[0],
        hostile[1],
        "\x01\x1b[31m\x7f",
        "\ufffd half a character",
        hostile[4],
    ]


async def test_a_transcript_that_is_too_long_for_an_event_says_so(
    listener: httpx.AsyncClient, new_call: NewCall, report: Report
) -> None:
    call = await new_call()
    async with listen(listener) as ear:
        await ear.shown()
        await report(call, *(("user", f"{number} {'x' * 30_000}") for number in range(9)))
        told = await ear.event("transcript")
        await report(call, ("user", "y" * 900_000))
        too_long = await ear.event("transcript")
    assert (told["utterances_from"], told["is_cut"]) == (6, True)
    assert [content[0] for content in spoken(told)] == ["6", "7", "8"]
    assert (too_long["utterances_from"], too_long["is_cut"], spoken(too_long)) == (1, True, [])


async def test_a_viewer_may_listen(process: Process, sessions: Sessions, new_call: NewCall) -> None:
    organization_id = (await process.deps.first_rows.ready()).organization.id
    user = UserRow(id=uuid4(), email="viewer@example.com", password_hash=await process.deps.passwords.hash("x"))
    async with sessions.begin() as session:
        session.add(user)
        await session.flush()
        session.add(MembershipRow(organization_id=organization_id, user_id=user.id, role="viewer"))
    call = await new_call()
    async with listen(await process.sign_in(user.email, "x")) as ear:
        assert [event.get("call_id") for event in await ear.shown()] == [None, call.call_id]


@pytest.mark.parametrize("token", [None, "Bearer made-up"])
async def test_nobody_listens_without_signing_in(process: Process, token: str | None) -> None:
    async with httpx.AsyncClient(base_url=process.url) as stranger:
        answer = await stranger.get("/api/v1/calls/live", headers={} if token is None else {"Authorization": token})
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("query", ["campaign_id=x", "lead_id=1", "call_id=%00", "last_event_id=" + "1" * 5_000])
async def test_what_cannot_be_asked_for_is_refused_before_the_stream_begins(
    listener: httpx.AsyncClient, query: str
) -> None:
    assert (await listener.get(f"/api/v1/calls/live?{query}")).status_code == 422
