"""What the Temporal UI shows of a lead while something goes on."""

import asyncio
from datetime import timedelta
from uuid import uuid4

from temporalio.api.enums.v1 import EventType
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.client import WorkflowHandle
from temporalio.testing import WorkflowEnvironment

from activities.messages import CallFate, CallHeard
from domain.steps import Dial, Parked, Queued, Stop, WaitUntil
from tests.patience import PATIENCE_SECONDS
from tests.workflows.scripted_activities import ScriptedActivities, away, calling
from workflows.lead_calling import LeadCalling

DONE = Stop("reached", details="**Next:** nothing")

Handle = WorkflowHandle[LeadCalling, str]


async def shows(handle: Handle, details: str) -> None:
    """Returns once these are the workflow's details; each question is answered by the workflow itself."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await current_details(handle) != details:
            pass


async def current_details(handle: Handle) -> str:
    metadata = await handle.query("__temporal_workflow_metadata", result_type=WorkflowMetadata)
    return str(metadata.current_details)


async def timer_texts(environment: WorkflowEnvironment, handle: Handle) -> list[str]:
    history = await handle.fetch_history()
    timers = [event for event in history.events if event.event_type == EventType.EVENT_TYPE_TIMER_STARTED]
    payloads = [timer.user_metadata.summary for timer in timers]
    return await environment.client.data_converter.decode(payloads, [str] * len(payloads))


async def test_a_waiting_lead_shows_its_diary_and_a_done_one_the_end_of_it(time_skipping: WorkflowEnvironment) -> None:
    later = await time_skipping.get_current_time() + timedelta(hours=9)
    asleep = WaitUntil(later, "next attempt", details="**Next:** asleep", summary="Mon 09:04, next attempt")
    parked = Parked("the campaign is paused", details="**Next:** held up")
    script = ScriptedActivities(time_skipping.get_current_time, [asleep, parked, DONE])
    with time_skipping.auto_time_skipping_disabled():
        async with calling(time_skipping, script) as handle:
            for step in (asleep, parked):
                await shows(handle, step.details)
                await handle.signal("slot_granted")
            await handle.result()
            assert await current_details(handle) == "**Next:** nothing"
            assert await timer_texts(time_skipping, handle) == ["Mon 09:04, next attempt"]


async def test_while_a_call_is_live_the_details_say_so_and_when_it_is_looked_up(
    time_skipping: WorkflowEnvironment,
) -> None:
    now = await time_skipping.get_current_time()
    deadline = now + timedelta(minutes=6)
    dial = Dial(
        uuid4(),
        1,
        now,
        now + timedelta(seconds=30),
        details="**Next:** attempt 1, **live now**",
        utc_offset=timedelta(hours=-6),
        zone_name="America/Chicago",
    )
    script = ScriptedActivities(time_skipping.get_current_time, [dial, DONE], [CallFate(deadline, "the call")])
    at = f"{deadline - timedelta(hours=6):%H:%M:%S} America/Chicago"
    looked_up = f"the call: looked up at {at} unless heard of before"
    with time_skipping.auto_time_skipping_disabled():
        async with calling(time_skipping, script) as handle:
            await shows(handle, f"{dial.details}\n\n{looked_up}")
            await handle.signal("call_analyzed", CallHeard(dial.attempt_id))
            await handle.result()
            assert await timer_texts(time_skipping, handle) == [looked_up]


async def test_a_queued_lead_and_one_whose_database_is_away_say_so_on_their_timers(
    time_skipping: WorkflowEnvironment,
) -> None:
    later = await time_skipping.get_current_time() + timedelta(hours=2)
    queued = Queued(later, "a free slot", summary="queued for a free slot, Mon 17:00 at the latest")
    script = ScriptedActivities(time_skipping.get_current_time, [away("the database"), queued, DONE])
    async with calling(time_skipping, script) as handle:
        await handle.result()
        pause, wait = await timer_texts(time_skipping, handle)
    assert pause.endswith("UTC, asking again; the database was away")
    assert wait == "queued for a free slot, Mon 17:00 at the latest"
