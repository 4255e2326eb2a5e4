"""People ring back: kept once, matched by number, applied in any order to the same end, heeded by their leads."""

import asyncio
import itertools
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from activities.inbox import Taken
from domain.steps import Stop, WaitUntil
from storage.models import AccountRow, ContactRow, InboundCallRow, LeadRow
from tests.activities.engine_edge import EngineEdge
from tests.activities.stage import Clock, Stage
from tests.activities.webhooks import BEGUN, HEARD, LIFECYCLE, rings_in, says, take
from tests.builders import NOON, Sessions, World, add_attempt_of, add_campaign, add_lead, add_lead_of, change, reread

CALLER = "+13125550123"
WISH = {"disconnection_reason": "user_requested_dnc"}
LATER_TODAY = "2026-03-02T15:00:00"


@pytest.fixture
async def lead(sessions: Sessions, world: World) -> LeadRow:
    """Called in vain once; due again in an hour."""
    lead = await add_lead(sessions, world, CALLER)
    await add_attempt_of(
        sessions,
        world,
        lead,
        "done",
        outcome="no_answer",
        counts=True,
        first_sent_at=NOON,
        slot_released_at=NOON,
        settled_at=NOON,
        ended_at=NOON,
    )
    return lead


async def the_call(sessions: Sessions) -> InboundCallRow:
    async with sessions() as session:
        return (await session.scalars(select(InboundCallRow))).one()


async def contact_of(sessions: Sessions, lead: LeadRow) -> ContactRow:
    async with sessions() as session:
        return await session.get_one(ContactRow, lead.contact_id)


@pytest.mark.parametrize("order", list(itertools.permutations([*LIFECYCLE, "transcript_updated"])), ids="-".join)
async def test_every_order_of_its_events_leads_to_the_same_row_and_ends_the_lead(
    sessions: Sessions, world: World, lead: LeadRow, order: Sequence[str]
) -> None:
    for event in (*order, *order):
        await take(sessions, world.account, rings_in(event))
    row = await the_call(sessions)
    assert (row.status, row.outcome, row.lead_id, row.campaign_id) == ("done", "answered", lead.id, world.campaign.id)
    assert (row.from_number, row.to_number, row.call_id) == (CALLER, "+12125550101", "call_in")
    assert (row.started_at, row.ended_at) == (BEGUN + timedelta(seconds=1), BEGUN + timedelta(seconds=31))
    assert (row.transcript, row.settled_at, row.look_up_at) == ("Agent: Hello\nUser: Hello\n", HEARD, None)
    assert row.analysis is not None
    assert row.analysis["summary"] == "A short talk."
    ended = await reread(sessions, lead)
    assert (ended.status, ended.outcome, ended.due_at) == ("done", "reached", None)


async def test_many_events_ten_times_each_and_all_at_once_have_one_effect(
    sessions: Sessions, world: World, lead: LeadRow
) -> None:
    written = [rings_in(event) for event in (*LIFECYCLE, "transcript_updated") * 10]
    taken = await asyncio.gather(*(take(sessions, world.account, one) for one in written))
    assert [one.aftermath.wake for one in taken if one.aftermath.wake] == [((lead.id, 1),)]
    row = await the_call(sessions)
    assert (row.status, row.outcome, row.settled_at) == ("done", "answered", HEARD)


@pytest.mark.parametrize("order", list(itertools.permutations(LIFECYCLE)), ids="-".join)
async def test_an_opt_out_is_honoured_in_every_order(
    sessions: Sessions, world: World, lead: LeadRow, order: Sequence[str]
) -> None:
    for event in (*order, *order):
        ending = {} if event == "call_started" else WISH
        await take(sessions, world.account, rings_in(event, **ending))
    assert (await the_call(sessions)).outcome == "opted_out"
    contact = await contact_of(sessions, lead)
    assert (contact.do_not_call_at, contact.do_not_call_source) == (HEARD, "call")
    assert (await reread(sessions, lead)).outcome == "opted_out"


async def test_the_workflow_is_woken_and_told_to_stop(
    stage: Stage, sessions: Sessions, world: World, lead: LeadRow
) -> None:
    assert (await take(sessions, world.account, rings_in("call_ended"))).aftermath.wake == ()
    taken = await take(sessions, world.account, rings_in("call_analyzed"))
    assert taken.aftermath.wake == ((lead.id, 1),)
    assert await stage.next_step(lead) == Stop("reached")


async def test_while_somebody_is_on_the_phone_nobody_dials_them(
    stage: Stage, sessions: Sessions, world: World, clock: Clock
) -> None:
    lead = await add_lead(sessions, world, CALLER)
    dial = await stage.dial(lead)
    await take(sessions, world.account, rings_in("call_started"))
    assert (await stage.place(dial)).why == "the gate was closed"
    clock.forward(seconds=5)
    step = await stage.next_step(lead)
    assert isinstance(step, WaitUntil)
    assert step.why == "another call to this number to end"
    silent: dict[str, Any] = {"transcript": "", "transcript_object": []}
    await take(sessions, world.account, rings_in("call_ended", **silent))
    assert isinstance(await stage.next_step(lead), WaitUntil)
    await take(sessions, world.account, rings_in("call_analyzed", **silent))
    clock.forward(minutes=2)
    await stage.dial(lead)


async def test_a_lead_with_a_call_of_ours_under_way_ends_when_that_is_over(
    stage: Stage, sessions: Sessions, world: World
) -> None:
    lead = await add_lead(sessions, world, CALLER)
    attempt = await add_attempt_of(sessions, world, lead, "in_progress", first_sent_at=NOON, last_sent_at=NOON)
    await take(sessions, world.account, rings_in("call_analyzed"))
    waiting = await reread(sessions, lead)
    assert (waiting.status, waiting.rang_back) == ("in_progress", "reached")
    columns = {"outcome": "busy", "counts": True, "slot_released_at": NOON, "settled_at": NOON}
    await change(sessions, attempt, status="done", **columns)
    assert await stage.next_step(lead) == Stop("reached")


async def test_a_promised_call_back_is_kept_and_the_lead_goes_on(
    stage: Stage, sessions: Sessions, world: World, lead: LeadRow
) -> None:
    wish = {"disconnection_reason": "user_requested_callback"} | says(callback_at=LATER_TODAY)
    taken = await take(sessions, world.account, rings_in("call_analyzed", **wish))
    assert taken.aftermath.wake == ((lead.id, 1),)
    row = await the_call(sessions)
    assert (row.outcome, row.disposition, row.callback_at) == ("callback_requested", "call_back", LATER_TODAY)
    step = await stage.next_step(lead)
    assert isinstance(step, WaitUntil)
    assert step.instant == NOON + timedelta(hours=3)


async def test_an_opt_out_said_aloud_is_honoured_while_the_call_goes_on_and_ends_all_leads_of_the_number(
    sessions: Sessions, world: World, lead: LeadRow
) -> None:
    other = await add_lead_of(
        sessions, await add_campaign(sessions, world), await contact_of(sessions, lead), created_at=BEGUN
    )
    said: dict[str, Any] = {"transcript_object": [{"role": "user", "content": "Please stop calling me!"}]}
    taken = await take(sessions, world.account, rings_in("call_started", **said) | {"event": "transcript_updated"})
    assert set(taken.aftermath.wake) == {(lead.id, 1), (other.id, 1)}
    row = await the_call(sessions)
    assert [flag["phrase"] for flag in row.flags or ()] == ["stop calling"]
    assert (await contact_of(sessions, lead)).do_not_call_at == HEARD
    await take(sessions, world.account, rings_in("call_analyzed"))
    assert (await the_call(sessions)).outcome == "opted_out"
    assert (await reread(sessions, lead)).outcome == "opted_out"


async def test_an_unknown_number_is_kept_and_matched_to_nobody(sessions: Sessions, world: World) -> None:
    for event in LIFECYCLE:
        assert await take(sessions, world.account, rings_in(event, "+14155550199")) == Taken()
    row = await the_call(sessions)
    assert (row.outcome, row.lead_id, row.contact_id) == ("answered", None, None)


async def test_a_stranger_who_asks_never_to_be_called_never_is(sessions: Sessions, world: World) -> None:
    await take(sessions, world.account, rings_in("call_analyzed", "+14155550199", **WISH))
    async with sessions() as session:
        contact = (await session.scalars(select(ContactRow))).one()
    assert (contact.phone_number, contact.do_not_call_at) == ("+14155550199", HEARD)


@pytest.mark.parametrize("number", ["anonymous", "", "+", "+1", "12125550123", "sip:x@y", 7, None, "+1" * 40])
async def test_numbers_that_are_none_are_matched_to_nobody(sessions: Sessions, world: World, number: object) -> None:
    call = rings_in("call_analyzed", **WISH)
    call["call"]["from_number"] = number
    await take(sessions, world.account, call)
    assert (await the_call(sessions)).contact_id is None


async def test_the_latest_lead_is_the_one_that_came_in_or_was_called_last(
    sessions: Sessions, world: World, lead: LeadRow
) -> None:
    await change(sessions, lead, created_at=NOON - timedelta(days=9))
    contact = await contact_of(sessions, lead)
    elsewhere = await add_campaign(sessions, world)
    await add_lead_of(sessions, elsewhere, contact, created_at=NOON - timedelta(days=1))
    await take(sessions, world.account, rings_in("call_started"))
    assert (await the_call(sessions)).lead_id == lead.id  # called at noon
    newest = await add_lead_of(sessions, await add_campaign(sessions, world), contact)
    async with sessions.begin() as session:
        await session.delete(await session.get_one(InboundCallRow, (await the_call(sessions)).id))
    await take(sessions, world.account, rings_in("call_ended"))
    assert (await the_call(sessions)).lead_id == newest.id


async def test_the_lead_that_the_agent_was_told_of_comes_before_a_later_one(
    sessions: Sessions, world: World, lead: LeadRow
) -> None:
    await add_lead_of(sessions, await add_campaign(sessions, world), await contact_of(sessions, lead))
    await take(sessions, world.account, rings_in("call_started", metadata={"lead_id": str(lead.id)}))
    assert (await the_call(sessions)).lead_id == lead.id


async def test_leads_of_other_organisations_and_of_the_other_kind_of_account_are_left_alone(
    sessions: Sessions, world: World, lead: LeadRow
) -> None:
    real = AccountRow(id=uuid4(), organization_id=world.organization.id, name="Real", provider="retell")
    async with sessions.begin() as session:
        session.add(real)
    await take(sessions, real, rings_in("call_analyzed", metadata={"lead_id": str(lead.id)}))
    assert (await the_call(sessions)).lead_id is None
    assert (await reread(sessions, lead)).status == "new"


async def test_the_same_call_id_in_two_accounts_is_two_calls(sessions: Sessions, world: World) -> None:
    other = AccountRow(id=uuid4(), organization_id=world.organization.id, name="Other", provider="simulator")
    async with sessions.begin() as session:
        session.add(other)
    for account in (world.account, other):
        await take(sessions, account, rings_in("call_analyzed"))
    async with sessions() as session:
        assert len((await session.scalars(select(InboundCallRow))).all()) == 2


async def test_a_day_late_an_analysis_still_forbids_and_changes_no_outcome(
    sessions: Sessions, world: World, lead: LeadRow, engine: EngineEdge, stage: Stage, clock: Clock
) -> None:
    await take(sessions, world.account, rings_in("call_ended"))
    clock.now = HEARD + timedelta(minutes=2)
    assert len(await stage.overdue_inbound.settle()) == 1
    assert engine.signals == [(f"lead-{lead.id}", "wake")]
    assert (await reread(sessions, lead)).outcome == "reached"
    clock.forward(days=1)
    await take(sessions, world.account, rings_in("call_analyzed", **says(do_not_call=True)), clock)
    row = await the_call(sessions)
    assert (row.outcome, row.settled_at) == ("answered", HEARD + timedelta(minutes=2))
    assert row.analyzed_at == clock.now
    assert (await contact_of(sessions, lead)).do_not_call_at == clock.now
    assert (await reread(sessions, lead)).outcome == "reached"


async def test_another_campaign_leaves_alone_whom_the_ring_back_reached(
    stage: Stage, sessions: Sessions, world: World, lead: LeadRow
) -> None:
    careful = await add_campaign(sessions, world, skip_if_reached_within_days=7)
    other = await add_lead_of(
        sessions, careful, await contact_of(sessions, lead), created_at=BEGUN - timedelta(days=30)
    )
    await take(sessions, world.account, rings_in("call_analyzed", metadata={"lead_id": str(lead.id)}))
    assert await stage.next_step(other) == Stop("blocked: reached_recently")
