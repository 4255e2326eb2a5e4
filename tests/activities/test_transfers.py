"""Hot leads are put through to people: what is kept of it, what the call comes to, and when it is tried again."""

import itertools
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.steps import Stop, WaitUntil
from storage.models import AttemptRow, LeadRow
from tests.activities.stage import Clock, Stage
from tests.activities.webhooks import HEARD, payload, says, take
from tests.builders import ALWAYS, NOON, Sessions, World, add_attempt_of, add_lead, change, reread

DESTINATION = "+12125550188"
TO = {"type": "predefined", "number": DESTINATION}
ENDED_AT = NOON - timedelta(seconds=29)
TALK = ("transfer_started", "transfer_cancelled", "call_ended", "call_analyzed")
BRIDGED = ("transfer_started", "transfer_bridged", "call_ended", "call_analyzed")
HOURS = {"time_zone": "America/New_York", "windows": [{"days": ["tue"], "opens": "11:00", "closes": "12:00"}]}


@pytest.fixture
async def lead(sessions: Sessions, world: World) -> LeadRow:
    return await add_lead(sessions, world)


@pytest.fixture
async def attempt(sessions: Sessions, world: World, lead: LeadRow) -> AttemptRow:
    return await add_attempt_of(sessions, world, lead, "dialling", first_sent_at=NOON, last_sent_at=NOON)


async def hear(sessions: Sessions, world: World, attempt: AttemptRow, *events: str, **said: Any) -> None:  # noqa: ANN401
    for event in events:
        if event.startswith("transfer_"):
            written = payload("call_started", attempt) | {"event": event, "transfer_destination": TO}
        else:
            written = payload(event, attempt, **(said if event == "call_analyzed" else {}))
        await take(sessions, world.account, written)


async def next_try(stage: Stage, clock: Clock, lead: LeadRow) -> datetime:
    clock.now = HEARD
    step = await stage.next_step(lead)
    assert isinstance(step, WaitUntil), step
    return step.instant


async def test_a_bridged_call_ends_as_transferred_and_its_lead_is_reached(
    stage: Stage, sessions: Sessions, world: World, lead: LeadRow, attempt: AttemptRow
) -> None:
    """Although its end says no more than that somebody hung up."""
    await hear(sessions, world, attempt, *BRIDGED, **says(interest="high"))
    row = await reread(sessions, attempt)
    assert (row.outcome, row.disposition, row.transfer_destination) == ("transferred", "transferred", DESTINATION)
    assert [event["event"] for event in row.transfers or ()] == ["transfer_started", "transfer_bridged"]
    assert {event["destination"] for event in row.transfers or ()} == {DESTINATION}
    assert await stage.next_step(lead) == Stop("reached")


@pytest.mark.parametrize("events", [TALK, BRIDGED], ids=["cancelled", "bridged"])
async def test_every_order_of_the_events_and_every_repeat_come_to_the_same(
    sessions: Sessions, world: World, events: Sequence[str]
) -> None:
    finals = set()
    for number, order in enumerate(itertools.permutations(events)):
        lead = await add_lead(sessions, world, f"+1312555{number:04}")
        attempt = await add_attempt_of(
            sessions, world, lead, "dialling", first_sent_at=NOON, last_sent_at=NOON, call_id=f"call_{number}"
        )
        for event in (*order, *order):
            written = payload("call_started" if "transfer" in event else event, attempt, call_id=f"call_{number}")
            await take(sessions, world.account, written | {"event": event, "transfer_destination": TO})
        row = await reread(sessions, attempt)
        finals.add((row.outcome, row.disposition, frozenset(event["event"] for event in row.transfers or ())))
        assert len(row.transfers or ()) == 2
    outcome = "transferred" if events is BRIDGED else "transfer_cancelled"
    assert finals == {(outcome, outcome, frozenset(events[:2]))}


@pytest.mark.parametrize(
    ("delays", "pause"),
    [
        pytest.param({}, timedelta(minutes=15), id="by-default"),
        pytest.param({"transfer_cancelled": [300], "callback_requested": [7200]}, timedelta(minutes=5), id="its-own"),
    ],
)
async def test_who_found_nobody_is_called_again_by_a_rule_of_its_own_however_interested(
    stage: Stage,
    sessions: Sessions,
    world: World,
    lead: LeadRow,
    attempt: AttemptRow,
    clock: Clock,
    delays: dict[str, list[int]],
    pause: timedelta,
) -> None:
    await change(sessions, world.campaign, retry_delays=delays, transfer_number=DESTINATION)
    await hear(sessions, world, attempt, *TALK, **says(interest="high"))
    row = await reread(sessions, attempt)
    assert (row.outcome, row.disposition) == ("transfer_cancelled", "transfer_cancelled")
    assert await next_try(stage, clock, lead) == ENDED_AT + pause


async def test_the_reason_of_the_end_alone_says_so_too(sessions: Sessions, world: World, attempt: AttemptRow) -> None:
    await take(sessions, world.account, payload("call_analyzed", attempt, disconnection_reason="transfer_cancelled"))
    assert (await reread(sessions, attempt)).outcome == "transfer_cancelled"


async def test_a_call_back_that_was_agreed_on_instead_is_kept(
    stage: Stage, sessions: Sessions, world: World, lead: LeadRow, attempt: AttemptRow, clock: Clock
) -> None:
    await hear(sessions, world, attempt, *TALK, **says(callback_at="2026-03-03T10:00"))
    assert (await reread(sessions, attempt)).outcome == "callback_requested"
    assert await next_try(stage, clock, lead) == NOON.replace(day=3, hour=16)


async def test_the_next_try_waits_until_somebody_is_there_again(
    stage: Stage, sessions: Sessions, world: World, lead: LeadRow, attempt: AttemptRow, clock: Clock
) -> None:
    settings = {"transfer_number": DESTINATION, "transfer_hours": HOURS, "windows": ALWAYS, "calling_rules": "off"}
    await change(sessions, world.campaign, **settings)
    await hear(sessions, world, attempt, *TALK)
    assert await next_try(stage, clock, lead) == NOON.replace(day=3, hour=16)


async def test_without_anybody_to_be_put_through_to_hours_are_no_reason_to_wait(
    stage: Stage, sessions: Sessions, world: World, lead: LeadRow, attempt: AttemptRow, clock: Clock
) -> None:
    await change(sessions, world.campaign, transfer_hours=HOURS)
    await hear(sessions, world, attempt, *TALK)
    assert await next_try(stage, clock, lead) == ENDED_AT + timedelta(minutes=15)


async def test_a_lead_called_ahead_does_not_wait_for_them(
    stage: Stage, sessions: Sessions, world: World, lead: LeadRow, attempt: AttemptRow, clock: Clock
) -> None:
    await change(sessions, world.campaign, transfer_number=DESTINATION, transfer_hours=HOURS)
    await hear(sessions, world, attempt, *TALK)
    clock.now = HEARD + timedelta(minutes=1)
    await change(sessions, lead, called_ahead_at=clock.now)
    await stage.dial(lead)


async def test_a_bridge_that_is_heard_of_late_ends_a_lead_that_was_to_be_called_again(
    stage: Stage, sessions: Sessions, world: World, lead: LeadRow, attempt: AttemptRow, clock: Clock
) -> None:
    await take(sessions, world.account, payload("call_analyzed", attempt, disconnection_reason="error_retell"))
    assert (await reread(sessions, attempt)).outcome == "failed"
    await next_try(stage, clock, lead)
    written = payload("call_started", attempt) | {"event": "transfer_bridged", "transfer_destination": DESTINATION}
    assert (await take(sessions, world.account, written)).aftermath.wake == ((lead.id, 1),)
    assert (await take(sessions, world.account, written)).aftermath.wake == ()
    assert await stage.next_step(lead) == Stop("reached")


async def test_a_wish_not_to_be_called_outweighs_every_transfer(
    stage: Stage, sessions: Sessions, world: World, lead: LeadRow, attempt: AttemptRow
) -> None:
    await hear(sessions, world, attempt, *TALK, **says(do_not_call=True))
    assert (await reread(sessions, attempt)).outcome == "opted_out"
    assert await stage.next_step(lead) == Stop("opted_out")


async def test_an_appointment_is_kept_and_a_late_analysis_may_still_bring_one(
    sessions: Sessions, world: World, lead: LeadRow
) -> None:
    settled = await add_attempt_of(
        sessions, world, lead, "done", outcome="answered", counts=True, call_id="call_1", ended_at=NOON,
        settled_at=NOON, slot_released_at=NOON,
    )  # fmt: skip
    await take(sessions, world.account, payload("call_analyzed", settled, **says(appointment_at="2026-03-05T15:00")))
    row = await reread(sessions, settled)
    assert (row.appointment_at, row.appointment_written, row.appointment_problem, row.disposition) == (
        NOON.replace(day=5, hour=21),
        "2026-03-05T15:00",
        None,
        "booked",
    )


async def test_an_appointment_that_cannot_be_read_says_why(
    sessions: Sessions, world: World, attempt: AttemptRow
) -> None:
    await take(sessions, world.account, payload("call_analyzed", attempt, **says(appointment_at="Thursday at three")))
    row = await reread(sessions, attempt)
    assert (row.appointment_at, row.appointment_written, row.appointment_problem) == (
        None,
        "Thursday at three",
        "unreadable",
    )
