"""Calls that come in are told as those that go out, and readers of these find everything where it was."""

from dataclasses import dataclass, field
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import select

from storage.models import AttemptRow, ContactRow, InboundCallRow, LeadRow
from tests.api.live.conftest import LiveCall, NewCall, Process, Report, Sessions, Start
from tests.api.live.ear import listen
from tests.api.live.test_listening import spoken

CALLER = "+12125550199"
STRANGER = "+14155550199"
RANG = {"direction": "inbound", "to_number": "+12125550101"}
HUNG_UP = {"disconnection_reason": "user_hangup", "duration_ms": 31_500}


@dataclass(frozen=True)
class Rung:
    """A call that comes in, as the provider names it."""

    call_id: str = field(default_factory=lambda: f"call_{uuid4().hex}")


async def number_of(sessions: Sessions, call: LiveCall) -> str:
    """One that anybody could have, which the made-up numbers of other calls are not always."""
    async with sessions.begin() as session:
        lead = await session.get_one(LeadRow, call.lead_id)
        (await session.get_one(ContactRow, lead.contact_id)).phone_number = CALLER
    return CALLER


async def row_id(sessions: Sessions, call: Rung) -> UUID:
    async with sessions() as session:
        return (await session.scalars(select(InboundCallRow.id).where(InboundCallRow.call_id == call.call_id))).one()


async def hang_up(sessions: Sessions, call: LiveCall) -> None:
    async with sessions.begin() as session:
        row = await session.get_one(AttemptRow, call.attempt_id)
        row.status, row.outcome, row.counts, row.slot_released_at = "done", "busy", True, row.created_at


async def test_a_call_is_told_from_its_beginning_to_what_it_meant(
    listener: httpx.AsyncClient, new_call: NewCall, report: Report, sessions: Sessions
) -> None:
    known, rung = await new_call(), Rung()
    await hang_up(sessions, known)
    caller = {**RANG, "from_number": await number_of(sessions, known)}
    async with listen(listener, direction="inbound") as ear:
        await ear.shown()
        await report(rung, event="call_started", start_timestamp=1_772_474_400_000, **caller)
        begun = await ear.event("call")
        await report(rung, ("user", "Hello"), **caller)
        heard = [await ear.event("transcript")]
        await report(rung, ("user", "Hello"), ("user", "Stop calling!"), **caller)
        heard.append(await ear.event("transcript"))
        flagged = await ear.event("flag")
        await report(rung, event="call_ended", **caller, **HUNG_UP)
        ended = await ear.event("call")
        await report(rung, event="call_analyzed", **caller, **HUNG_UP)
        done = await ear.event("call")
    assert (begun["direction"], begun["call_id"], begun["attempt"]) == ("inbound", rung.call_id, None)
    assert (begun["lead_id"], begun["campaign_id"]) == (str(known.lead_id), str(known.campaign_id))
    assert begun["inbound"]["phone_number"] == caller["from_number"]
    assert (begun["inbound"]["to_number"], begun["inbound"]["started_at"]) == ("+12125550101", "2026-03-02T18:00:00Z")
    assert [(one["utterances_from"], spoken(one)) for one in heard] == [(0, ["Hello"]), (1, ["Stop calling!"])]
    assert (flagged["flag"]["phrase"], flagged["inbound"]["flags"]) == ("stop calling", [flagged["flag"]])
    assert (ended["inbound"]["status"], ended["inbound"]["duration_seconds"]) == ("in_progress", 31.5)
    assert ended["inbound"]["ended_at"] is not None
    assert (done["inbound"]["status"], done["inbound"]["outcome"]) == ("done", "opted_out")
    assert done["inbound"]["id"] == str(await row_id(sessions, rung))


async def test_who_connects_is_shown_those_that_go_on_with_all_that_was_said_and_none_that_is_over(
    listener: httpx.AsyncClient, new_call: NewCall, report: Report
) -> None:
    going_out, rung, over, settled = await new_call(), Rung(), Rung(), Rung()
    for call in (rung, over, settled):
        await report(call, ("agent", "Good day"), ("user", "Hello"), from_number=STRANGER, **RANG)
    await report(over, event="call_ended", from_number=STRANGER, **RANG, **HUNG_UP)
    await report(settled, event="call_analyzed", from_number=STRANGER, **RANG, **HUNG_UP)
    async with listen(listener) as ear:
        _, *shown = await ear.shown()
    assert [(one["direction"], one["call_id"], one["snapshot"]) for one in shown] == [
        ("outbound", going_out.call_id, True),
        ("inbound", rung.call_id, True),
    ]
    assert (shown[0]["attempt"]["id"], shown[0]["inbound"]) == (str(going_out.attempt_id), None)
    assert (spoken(shown[1]), shown[1]["lead_id"], shown[1]["campaign_id"]) == (["Good day", "Hello"], None, None)


@pytest.mark.parametrize("by", ["campaign_id", "lead_id", "call_id", "direction"])
async def test_a_listener_may_ask_for_some_of_them(
    listener: httpx.AsyncClient, new_call: NewCall, report: Report, sessions: Sessions, by: str
) -> None:
    known, wanted, other = await new_call(), Rung(), Rung()
    await hang_up(sessions, known)
    out = await new_call(campaign_id=UUID((await listener.post("/api/v1/campaigns", json={"name": "B"})).json()["id"]))
    await report(wanted, event="call_started", from_number=await number_of(sessions, known), **RANG)
    others = [] if by == "direction" else [other]
    for call in others:
        await report(call, event="call_started", from_number=STRANGER, **RANG)
    asked = {"campaign_id": known.campaign_id, "lead_id": known.lead_id, "call_id": wanted.call_id}
    async with listen(listener, **{by: str((asked | {"direction": "inbound"})[by])}) as ear:
        _, *shown = await ear.shown()
        await report(out, ("user", "Not for you"))
        for call in others:
            await report(call, ("user", "Nor this"), from_number=STRANGER, **RANG)
        await report(wanted, ("user", "Hello"), **RANG)
        told = await ear.event()
    assert [one["call_id"] for one in (*shown, told)] == [wanted.call_id] * 2


async def test_who_asks_for_calls_that_go_out_hears_of_no_other(
    listener: httpx.AsyncClient, new_call: NewCall, report: Report
) -> None:
    out, rung = await new_call(), Rung()
    await report(rung, event="call_started", from_number=STRANGER, **RANG)
    async with listen(listener, direction="outbound") as ear:
        _, *shown = await ear.shown()
        await report(rung, ("user", "Hello"), from_number=STRANGER, **RANG)
        await report(out, ("user", "Hi"))
        told = await ear.event()
    assert [one["call_id"] for one in (*shown, told)] == [out.call_id] * 2
    assert (await listener.get("/api/v1/calls/live?direction=sideways")).status_code == 422


async def test_who_resumes_at_another_process_is_shown_what_was_missed(
    start: Start, process: Process, report: Report
) -> None:
    before, missed = Rung(), Rung()
    caller = {**RANG, "from_number": STRANGER}
    await report(before, event="call_started", **caller)
    async with listen(await process.sign_in()) as ear:
        await ear.shown()
    following = await start()
    await process.stop()
    await report(missed, ("user", "Stop calling"), to=following, **caller)
    await report(missed, event="call_analyzed", to=following, **caller, **HUNG_UP)
    async with listen(await following.sign_in(), ear.last_event_id) as ear:
        begin, *shown = await ear.shown()
    assert begin == {"type": "begin", "resumed": True}
    assert [(one["type"], one["call_id"]) for one in shown] == [("call", missed.call_id), ("flag", missed.call_id)]
    assert (spoken(shown[0]), shown[0]["inbound"]["status"]) == (["Stop calling"], "done")


async def test_a_change_by_a_worker_is_told(listener: httpx.AsyncClient, report: Report, sessions: Sessions) -> None:
    rung = Rung()
    await report(rung, event="call_started", from_number=STRANGER, **RANG)
    async with listen(listener) as ear:
        await ear.shown()
        async with sessions.begin() as session:
            row = await session.get_one(InboundCallRow, await row_id(sessions, rung))
            row.status, row.outcome = "done", "failed"
        told = await ear.event("call")
    assert (told["inbound"]["status"], told["inbound"]["outcome"]) == ("done", "failed")


async def test_calls_of_another_organisation_never_appear(
    listener: httpx.AsyncClient, new_call: NewCall, sessions: Sessions, report: Report, foreign_campaign: UUID
) -> None:
    foreign, own = await new_call(campaign_id=foreign_campaign), await new_call()
    async with sessions.begin() as session:
        attempt = await session.get_one(AttemptRow, foreign.attempt_id)
        row = InboundCallRow(
            organization_id=attempt.organization_id,
            account_id=attempt.account_id,
            lead_id=foreign.lead_id,
            campaign_id=foreign_campaign,
            call_id="call_in_of_others",
            status="in_progress",
        )
        session.add(row)
    async with listen(listener) as ear, listen(listener, call_id="call_in_of_others") as one:
        assert [event.get("call_id") for event in await ear.shown()] == [None, own.call_id]
        assert len(await one.shown()) == 1
        async with sessions.begin() as session:
            (await session.get_one(InboundCallRow, row.id)).disposition = "secret"
        await report(own, ("user", "Hello"))
        assert (await ear.event())["call_id"] == own.call_id
