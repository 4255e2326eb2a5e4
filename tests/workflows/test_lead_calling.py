"""The story of one lead, played on a server that skips time."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from temporalio.client import WorkflowFailureError, WorkflowHandle
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.messages import CallFate, CallHeard, LeadInput, Wake
from domain.steps import Dial, Parked, Queued, Stop, WaitUntil
from tests.workflows.scripted_activities import ScriptedActivities, away, calling
from workflows.lead_calling import LeadCalling

REACHED = Stop("reached")


async def in_hours(environment: WorkflowEnvironment, hours: float) -> datetime:
    return await environment.get_current_time() + timedelta(hours=hours)


async def dial(environment: WorkflowEnvironment, number: int = 1) -> Dial:
    now = await environment.get_current_time()
    return Dial(uuid4(), number, now, now + timedelta(seconds=30))


async def tell(handle: WorkflowHandle[LeadCalling, str], attempt_id: UUID, *events: str) -> None:
    for event in events:
        await handle.signal(event, CallHeard(attempt_id))


async def test_a_lead_that_is_done_stops_at_once(time_skipping: WorkflowEnvironment) -> None:
    script = ScriptedActivities(time_skipping.get_current_time, [REACHED])
    async with calling(time_skipping, script) as handle:
        assert await handle.result() == "reached"
    assert script.asked == ["next_step"]


async def test_a_lead_outside_calling_hours_sleeps_until_the_instant_it_was_given(
    time_skipping: WorkflowEnvironment,
) -> None:
    opening = await in_hours(time_skipping, 11)
    script = ScriptedActivities(
        time_skipping.get_current_time, [WaitUntil(opening, "Mon 09:00 America/Chicago, calling hours open"), REACHED]
    )
    async with calling(time_skipping, script) as handle:
        await handle.result()
    assert script.asked == ["next_step", "next_step"]
    assert abs(script.asked_at[1] - opening) < timedelta(seconds=5)


async def test_a_placed_call_is_left_alone_until_its_analysis_is_heard(time_skipping: WorkflowEnvironment) -> None:
    attempt = await dial(time_skipping)
    script = ScriptedActivities(
        time_skipping.get_current_time,
        [attempt, REACHED],
        fates=[CallFate(await in_hours(time_skipping, 1), "the call")],
    )
    async with calling(time_skipping, script) as handle:
        await script.placed.wait()
        await tell(handle, attempt.attempt_id, "call_started", "call_ended", "call_analyzed")
        assert await handle.result() == "reached"
    assert script.asked == ["next_step", "place_call 1", "next_step"]


async def test_webhooks_that_come_before_the_answer_of_the_dial_are_not_lost(
    time_skipping: WorkflowEnvironment,
) -> None:
    attempt = await dial(time_skipping)
    script = ScriptedActivities(
        time_skipping.get_current_time,
        [WaitUntil(await in_hours(time_skipping, 1), "later"), attempt, REACHED],
        fates=[CallFate(await in_hours(time_skipping, 2), "the call")],
    )
    async with calling(time_skipping, script) as handle:
        await tell(handle, attempt.attempt_id, "call_analyzed", "call_ended", "call_started")
        await handle.result()
    assert script.asked == ["next_step", "next_step", "place_call 1", "next_step"]


async def test_a_call_whose_end_is_not_heard_is_looked_up_when_it_must_have_ended(
    time_skipping: WorkflowEnvironment,
) -> None:
    deadline = await in_hours(time_skipping, 0.1)
    script = ScriptedActivities(
        time_skipping.get_current_time,
        [await dial(time_skipping), REACHED],
        fates=[CallFate(deadline, "the call")],
        looks=[CallFate(None, "settled")],
    )
    async with calling(time_skipping, script) as handle:
        await handle.result()
    assert script.asked == ["next_step", "place_call 1", "look_up_call", "next_step"]
    assert script.asked_at[2] >= deadline


async def test_a_dial_that_failed_is_never_dialled_again_but_looked_up(time_skipping: WorkflowEnvironment) -> None:
    script = ScriptedActivities(
        time_skipping.get_current_time,
        [await dial(time_skipping), REACHED],
        fates=[away("the worker")],
        looks=[away("the provider"), CallFate(None, "settled")],
    )
    async with calling(time_skipping, script) as handle:
        await handle.result()
    assert script.asked == ["next_step", "place_call 1", "look_up_call", "look_up_call", "next_step"]


async def test_an_analysis_heard_for_an_attempt_that_is_still_open_is_not_waited_for_in_a_hot_loop(
    time_skipping: WorkflowEnvironment,
) -> None:
    attempt = await dial(time_skipping)
    deadline = await in_hours(time_skipping, 1)
    script = ScriptedActivities(
        time_skipping.get_current_time,
        [attempt, attempt, REACHED],
        fates=[CallFate(deadline, "the call"), CallFate(deadline, "the call")],
        looks=[CallFate(None, "settled")],
    )
    async with calling(time_skipping, script) as handle:
        await tell(handle, attempt.attempt_id, "call_analyzed")
        await handle.result()
    assert script.asked == ["next_step", "place_call 1", "next_step", "place_call 1", "look_up_call", "next_step"]


@pytest.mark.parametrize(
    "waiting",
    [
        pytest.param(lambda later: Queued(later, "a free slot"), id="queued"),
        pytest.param(lambda later: WaitUntil(later, "Mon 09:00"), id="asleep"),
        pytest.param(lambda _: Parked("the campaign is paused"), id="parked"),
    ],
)
@pytest.mark.parametrize("signal", ["slot_granted", "wake"])
async def test_a_waiting_lead_looks_again_when_it_is_called(
    time_skipping: WorkflowEnvironment, waiting: object, signal: str
) -> None:
    assert callable(waiting)
    started = await time_skipping.get_current_time()
    script = ScriptedActivities(time_skipping.get_current_time, [waiting(await in_hours(time_skipping, 48)), REACHED])
    with time_skipping.auto_time_skipping_disabled():
        async with calling(time_skipping, script) as handle:
            # A signal that comes before the first decision needs no second one.
            await script.decided.wait()
            await handle.signal(signal, args=[Wake("cancelled")] if signal == "wake" else [])
            await handle.result()
    assert script.asked == ["next_step", "next_step"]
    assert script.asked_at[1] < started + timedelta(hours=1)


async def test_a_lead_woken_in_mid_call_has_its_call_looked_after(time_skipping: WorkflowEnvironment) -> None:
    attempt = await dial(time_skipping)
    deadline = await in_hours(time_skipping, 1)
    script = ScriptedActivities(
        time_skipping.get_current_time,
        [attempt, REACHED],
        fates=[CallFate(deadline, "the call")],
        looks=[CallFate(None, "settled")],
    )
    with time_skipping.auto_time_skipping_disabled():
        async with calling(time_skipping, script) as handle:
            await script.placed.wait()
            await handle.signal("wake", Wake("cancelled"))
            await handle.result()
    assert script.asked == ["next_step", "place_call 1", "look_up_call", "next_step"]


async def test_a_slot_granted_to_a_lead_in_mid_call_does_not_disturb_the_call(
    time_skipping: WorkflowEnvironment,
) -> None:
    attempt = await dial(time_skipping)
    script = ScriptedActivities(
        time_skipping.get_current_time,
        [attempt, REACHED],
        fates=[CallFate(await in_hours(time_skipping, 1), "the call")],
    )
    with time_skipping.auto_time_skipping_disabled():
        async with calling(time_skipping, script) as handle:
            await script.placed.wait()
            await handle.signal("slot_granted")
            await tell(handle, attempt.attempt_id, "call_analyzed")
            await handle.result()
    assert script.asked == ["next_step", "place_call 1", "next_step"]


async def test_a_queued_lead_places_the_dial_that_it_is_given_without_asking_again(
    time_skipping: WorkflowEnvironment,
) -> None:
    granted = await dial(time_skipping)
    queued = Queued(await in_hours(time_skipping, 1), "a free slot")
    script = ScriptedActivities(time_skipping.get_current_time, [queued, REACHED], fates=[CallFate(None, "settled")])
    with time_skipping.auto_time_skipping_disabled():
        async with calling(time_skipping, script) as handle:
            await script.decided.wait()
            await handle.signal("slot_granted", granted)
            assert await handle.result() == "reached"
    assert script.asked == ["next_step", "place_call 1", "next_step"]


async def test_a_dial_that_is_given_while_it_is_being_placed_is_not_placed_again(
    time_skipping: WorkflowEnvironment,
) -> None:
    granted = await dial(time_skipping)
    script = ScriptedActivities(
        time_skipping.get_current_time,
        [granted, REACHED],
        fates=[CallFate(await in_hours(time_skipping, 1), "the call")],
    )
    with time_skipping.auto_time_skipping_disabled():
        async with calling(time_skipping, script) as handle:
            await script.placed.wait()
            await handle.signal("slot_granted", granted)
            await tell(handle, granted.attempt_id, "call_analyzed")
            await handle.result()
    assert script.asked == ["next_step", "place_call 1", "next_step"]


async def test_a_lead_that_is_woken_and_given_a_dial_asks_before_it_dials(time_skipping: WorkflowEnvironment) -> None:
    script = ScriptedActivities(time_skipping.get_current_time, [Stop("cancelled")])
    lead = LeadInput(uuid4())
    handle = await time_skipping.client.start_workflow(
        LeadCalling.run, lead, id=f"lead-{lead.lead_id}", task_queue="leads"
    )
    # No worker runs yet: both are heard at once.
    await handle.signal("slot_granted", await dial(time_skipping))
    await handle.signal("wake", Wake("cancelled"))
    async with Worker(time_skipping.client, task_queue="leads", workflows=[LeadCalling], activities=script.all):
        assert await handle.result() == "cancelled"
    assert script.asked == ["next_step"]


async def test_a_database_that_is_away_is_waited_for_with_a_timer(time_skipping: WorkflowEnvironment) -> None:
    script = ScriptedActivities(time_skipping.get_current_time, [away("the database"), away("the database"), REACHED])
    async with calling(time_skipping, script) as handle:
        assert await handle.result() == "reached"
    pauses = [later - earlier for earlier, later in zip(script.asked_at, script.asked_at[1:], strict=False)]
    assert all(timedelta(seconds=4) < pause < timedelta(seconds=40) for pause in pauses)


async def test_a_workflow_that_somebody_cancels_in_the_engine_ends(time_skipping: WorkflowEnvironment) -> None:
    script = ScriptedActivities(time_skipping.get_current_time, [Parked("the campaign is paused")])
    async with calling(time_skipping, script) as handle:
        await handle.cancel()
        with pytest.raises(WorkflowFailureError):
            await handle.result()
