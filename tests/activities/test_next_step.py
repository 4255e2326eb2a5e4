"""What a lead does next, decided and granted in a real database."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select

from domain.decision import CLOSING_SPREAD
from domain.steps import Dial, Parked, Queued, Stop, WaitUntil
from storage.attempts import attempt_id
from storage.models import AttemptRow, CallerIdRow, ContactRow, LeadRow
from tests.activities.engine_edge import EngineEdge
from tests.activities.stage import Clock, Stage
from tests.builders import (
    EVERY_DAY,
    NOON,
    OFFICE_HOURS,
    Sessions,
    World,
    add_attempt_of,
    add_lead,
    add_lead_of,
    change,
    reread,
)


async def all_attempts(sessions: Sessions) -> list[AttemptRow]:
    async with sessions() as session:
        return list(await session.scalars(select(AttemptRow).order_by(AttemptRow.created_at)))


async def test_a_lead_that_may_be_called_now_is_granted_its_first_attempt(
    stage: Stage, sessions: Sessions, world: World
) -> None:
    lead = await add_lead(sessions, world, name="Ada", custom_fields={"car": "red"})
    step = await stage.next_step(lead)
    assert step == Dial(attempt_id(lead.id, 1), 1, NOON, NOON + timedelta(seconds=30))
    (attempt,) = await all_attempts(sessions)
    assert attempt.id == step.attempt_id
    assert attempt.status == "granted"
    assert attempt.request_body is not None
    assert attempt.request_body["idempotency_key"] == str(attempt.id)
    assert attempt.request_body["retell_llm_dynamic_variables"]["car"] == "red"
    assert (await reread(sessions, lead)).status == "in_progress"


async def test_asking_again_gives_the_same_attempt_and_no_second_row(
    stage: Stage, sessions: Sessions, world: World
) -> None:
    lead = await add_lead(sessions, world)
    assert await stage.next_step(lead) == await stage.next_step(lead)
    assert len(await all_attempts(sessions)) == 1


async def test_ten_that_ask_at_once_get_the_same_attempt(stage: Stage, sessions: Sessions, world: World) -> None:
    lead = await add_lead(sessions, world)
    steps = await asyncio.gather(*(stage.next_step(lead) for _ in range(10)))
    assert len(set(steps)) == 1
    assert len(await all_attempts(sessions)) == 1


async def test_two_leads_that_ask_at_once_for_the_last_slot_do_not_both_get_it(
    stage: Stage, sessions: Sessions, world: World
) -> None:
    await change(sessions, world.pool, max_live_calls=1)
    leads = [await add_lead(sessions, world, f"+1312555012{number}") for number in range(6)]
    steps = await asyncio.gather(*(stage.next_step(lead) for lead in leads))
    assert sum(step.kind == "dial" for step in steps) <= 1
    assert {step.kind for step in steps} <= {"dial", "queued"}
    await stage.slots.hand_on(world.pool.id)
    assert len(await all_attempts(sessions)) == 1


async def test_a_lead_before_which_another_stands_in_line_is_queued_behind_it(
    stage: Stage, sessions: Sessions, world: World, engine: EngineEdge
) -> None:
    await change(sessions, world.pool, max_live_calls=1)
    waiting = await add_lead(sessions, world, "+13125550111", due_at=NOON - timedelta(minutes=1))
    assert isinstance(await stage.next_step(await add_lead(sessions, world, due_at=None)), Queued)
    await stage.slots.hand_on(world.pool.id)
    assert engine.signals == [(f"lead-{waiting.id}", "slot_granted")]


@pytest.mark.parametrize("whose", ["pool", "campaign"])
async def test_with_every_slot_taken_a_lead_is_queued_till_a_little_after_the_window_closes(
    stage: Stage, sessions: Sessions, world: World, whose: str
) -> None:
    await change(sessions, getattr(world, whose), max_live_calls=1)
    other, lead = await add_lead(sessions, world, "+13125550111"), await add_lead(sessions, world)
    await add_attempt_of(sessions, world, other, "in_progress")
    step = await stage.next_step(lead)
    assert isinstance(step, Queued)
    assert timedelta(0) <= step.until - NOON.replace(hour=23) <= CLOSING_SPREAD
    row = await reread(sessions, lead)
    assert (row.status, row.due_at, row.open_until) == ("new", NOON, NOON.replace(hour=22, minute=59, second=55))


async def test_requests_keep_the_distance_of_the_pools_calls_a_second(
    stage: Stage, sessions: Sessions, world: World
) -> None:
    await change(sessions, world.pool, max_calls_per_second=0.5)
    leads = [await add_lead(sessions, world, f"+1312555012{number}", due_at=None) for number in range(4)]
    steps = [await stage.next_step(lead) for lead in leads]
    assert [step.not_before - NOON for step in steps if isinstance(step, Dial)] == [
        timedelta(seconds=seconds) for seconds in (0, 2, 4)
    ]
    assert isinstance(steps[3], Queued)


async def test_caller_ids_take_turns(stage: Stage, sessions: Sessions, world: World) -> None:
    for number in range(3):
        await stage.dial(await add_lead(sessions, world, f"+1312555012{number}"))
    assert [attempt.from_number for attempt in await all_attempts(sessions)] == [
        "+12125550101",
        "+12125550102",
        "+12125550101",
    ]


@pytest.mark.parametrize(
    ("whose", "columns", "says"),
    [
        pytest.param("campaign", {"status": "paused"}, "paused", id="campaign-paused"),
        pytest.param("campaign", {"status": "draft"}, "draft", id="campaign-not-launched"),
        pytest.param("campaign", {"parked_at": NOON, "parked_reason": "no agent"}, "no agent", id="campaign-parked"),
        pytest.param("pool", {"parked_at": NOON, "parked_reason": "no number"}, "no number", id="pool-parked"),
        pytest.param("account", {"parked_at": NOON, "parked_reason": "bad key"}, "bad key", id="account-refused"),
        pytest.param("account", {"provider": "retell"}, "RETELL_API_KEY", id="account-without-a-key-here"),
        pytest.param("organization", {"stopped_at": NOON}, "whole organization", id="kill-switch"),
    ],
)
async def test_whatever_holds_calling_up_parks_the_lead(
    stage: Stage, sessions: Sessions, world: World, whose: str, columns: dict[str, Any], says: str
) -> None:
    lead = await add_lead(sessions, world)
    await change(sessions, getattr(world, whose), **columns)
    step = await stage.next_step(lead)
    assert isinstance(step, Parked)
    assert says in step.why
    assert (await reread(sessions, lead)).due_at == NOON
    assert await all_attempts(sessions) == []


async def test_a_pool_without_a_number_parks_the_lead(stage: Stage, sessions: Sessions, world: World) -> None:
    lead = await add_lead(sessions, world)
    async with sessions.begin() as session:
        await session.execute(delete(CallerIdRow))
    assert isinstance(await stage.next_step(lead), Parked)


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        pytest.param({"do_not_call_at": NOON}, "blocked: do_not_call", id="do-not-call"),
        pytest.param({"cancelled_at": NOON}, "cancelled", id="cancelled"),
        pytest.param({"require_consent": True}, "blocked: consent_missing", id="no-consent"),
        pytest.param({"campaign": "finished"}, "cancelled", id="campaign-finished"),
    ],
)
async def test_a_lead_that_may_never_be_called_stops(
    stage: Stage, sessions: Sessions, world: World, columns: dict[str, Any], reason: str
) -> None:
    lead = await add_lead(sessions, world)
    match columns:
        case {"do_not_call_at": _}:
            async with sessions.begin() as session:
                await session.merge(ContactRow(id=lead.contact_id, **columns))
        case {"cancelled_at": _}:
            await change(sessions, lead, **columns)
        case {"campaign": status}:
            await change(sessions, world.campaign, status=status)
        case _:
            await change(sessions, world.campaign, **columns)
    assert await stage.next_step(lead) == Stop(reason)
    row = await reread(sessions, lead)
    assert (row.status, row.due_at, row.done_at) == ("done", None, NOON)
    assert await stage.next_step(lead) == Stop(reason)


async def test_a_lead_that_was_erased_stops(stage: Stage, world: World) -> None:
    assert await stage.next_step(LeadRow(id=world.pool.id, run=1)) == Stop("erased")


async def test_a_lead_whose_number_is_on_another_call_waits_for_its_end(
    stage: Stage, sessions: Sessions, world: World
) -> None:
    first = await add_lead(sessions, world)
    async with sessions() as session:
        contact = await session.get_one(ContactRow, first.contact_id)
    second = await add_lead_of(sessions, world, contact)
    await add_attempt_of(sessions, world, first, "in_progress")
    step = await stage.next_step(second)
    assert step == WaitUntil(NOON + timedelta(minutes=5), "another call to this number to end")
    assert (await reread(sessions, second)).next_attempt_at is None


async def test_two_leads_of_one_number_that_ask_at_once_are_not_both_granted(
    stage: Stage, sessions: Sessions, world: World
) -> None:
    first = await add_lead(sessions, world)
    async with sessions() as session:
        contact = await session.get_one(ContactRow, first.contact_id)
    second = await add_lead_of(sessions, world, contact)
    await asyncio.gather(stage.next_step(first), stage.next_step(second))
    await stage.slots.hand_on(world.pool.id)
    assert len(await all_attempts(sessions)) == 1


async def test_outside_hours_the_lead_sleeps_and_its_row_says_until_when(
    stage: Stage, sessions: Sessions, world: World, clock: Clock
) -> None:
    lead = await add_lead(sessions, world)
    clock.forward(hours=5)
    opening = NOON.replace(day=3, hour=15)
    assert await stage.next_step(lead) == WaitUntil(opening, "Tue 09:00 America/Chicago, calling hours open")
    row = await reread(sessions, lead)
    assert (row.due_at, row.next_attempt_at) == (opening, opening)


async def test_a_lead_whose_hours_never_open_is_told_so_and_looks_again_each_day(
    stage: Stage, sessions: Sessions, world: World, clock: Clock
) -> None:
    await change(sessions, world.campaign, windows=[{"days": EVERY_DAY, "opens": "21:30", "closes": "22:00"}])
    lead = await add_lead(sessions, world)
    why = "can't ever be called: the campaign's windows and the calling rules have no hour in common; widen the windows"
    for _ in range(2):
        step = await stage.next_step(lead)
        assert step == WaitUntil(clock.now + timedelta(days=1), why)
        row = await reread(sessions, lead)
        assert (row.next_attempt_at, row.waiting_for, row.status) == (None, why, "new")
        assert step.details.endswith(": " + why)
        clock.forward(days=1)
    await change(sessions, world.campaign, windows=OFFICE_HOURS)
    await stage.dial(lead)


async def test_a_grant_that_nobody_took_up_is_given_back_and_the_lead_decided_anew(
    stage: Stage, sessions: Sessions, world: World, clock: Clock
) -> None:
    lead = await add_lead(sessions, world)
    first = await stage.dial(lead)
    clock.forward(seconds=31)
    step = await stage.next_step(lead)
    assert isinstance(step, WaitUntil)
    clock.forward(seconds=2)
    second = await stage.dial(lead)
    assert (first.number, second.number) == (1, 2)
    given_back = (await all_attempts(sessions))[0]
    assert (given_back.outcome, given_back.counts) == ("refused", False)
    assert given_back.disconnection_reason == "grant_expired"


async def test_a_lead_that_somebody_wants_called_at_once_goes_ahead_of_its_retry_until_it_was_called(
    stage: Stage, sessions: Sessions, world: World, clock: Clock
) -> None:
    lead = await add_lead(sessions, world)
    await add_attempt_of(
        sessions,
        world,
        lead,
        "done",
        outcome="no_answer",
        counts=True,
        ended_at=NOON,
        settled_at=NOON,
        slot_released_at=NOON,
    )
    clock.forward(minutes=1)
    assert isinstance(await stage.next_step(lead), WaitUntil)
    await change(sessions, lead, called_ahead_at=clock.now)
    dial = await stage.dial(lead)
    fate = await stage.place(dial)
    assert fate.look_up_at is not None
    async with sessions.begin() as session:
        row = await session.get_one(AttemptRow, dial.attempt_id)
        clock.forward(seconds=20)
        row.status, row.outcome, row.counts = "done", "no_answer", True
        row.ended_at = row.settled_at = row.slot_released_at = clock.now
    assert isinstance(await stage.next_step(lead), WaitUntil)
