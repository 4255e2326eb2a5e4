"""Kinds of lives a lead can have, each as a script for the activities and what is told to the workflow meanwhile."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from uuid import UUID

from temporalio.client import WorkflowHandle
from temporalio.testing import WorkflowEnvironment

from activities.messages import CallFate, CallHeard, Wake
from domain.diary import with_diary
from domain.steps import Dial, Parked, Queued, Step, Stop, WaitUntil
from tests.workflows.scripted_activities import Answer, ScriptedActivities, away
from workflows.lead_calling import LeadCalling

Handle = WorkflowHandle[LeadCalling, str]
Tell = Callable[[Handle, ScriptedActivities], Awaitable[None]]
Life = tuple[ScriptedActivities, Tell]

ATTEMPTS = [UUID(int=number) for number in range(1, 6)]


async def life(kind: str, environment: WorkflowEnvironment) -> Life:
    now = await environment.get_current_time()
    soon, later = now + timedelta(minutes=6), now + timedelta(hours=3)
    dials = [Dial(attempt, number, now, now + timedelta(seconds=30)) for number, attempt in enumerate(ATTEMPTS, 1)]
    call, lost, settled = CallFate(soon, "the call"), CallFate(now, "whether the dial got through"), CallFate(None, "")
    clock = environment.get_current_time
    asleep = WaitUntil(later, "Mon 09:04 America/Chicago, calling hours open")
    lives: dict[str, Life] = {
        "answered": (_script(clock, [dials[0], Stop("reached")], [call]), _heard(ATTEMPTS[0])),
        "no_answer_then_answered": (
            _script(clock, [dials[0], asleep, dials[1], Stop("reached")], [call, settled]),
            _heard(ATTEMPTS[0]),
        ),
        "asleep_until_the_opening": (_script(clock, [asleep, dials[0], Stop("reached")], [settled]), _silent),
        "parked_and_resumed": (
            _script(clock, [Parked("the campaign is paused"), dials[0], Stop("reached")], [settled]),
            _woken("resumed"),
        ),
        "queued_then_slot_granted": (
            _script(clock, [Queued(later, "a free slot"), dials[0], Stop("reached")], [settled]),
            _slot_granted,
        ),
        "queued_then_given_a_dial": (
            _script(clock, [Queued(later, "a free slot"), Stop("reached")], [settled]),
            _given(dials[0]),
        ),
        "unconfirmed_and_looked_up": (
            _script(clock, [dials[0], Stop("reached")], [lost], [lost, settled]),
            _silent,
        ),
        "worker_lost_in_mid_dial": (
            _script(clock, [dials[0], Stop("max_attempts_reached")], [away("the worker")], [settled]),
            _silent,
        ),
        "end_never_heard": (_script(clock, [dials[0], Stop("max_attempts_reached")], [call], [settled]), _silent),
        "cancelled_in_mid_call": (
            _script(clock, [dials[0], Stop("cancelled")], [call], [settled]),
            _woken_in_mid_call,
        ),
        "opted_out": (_script(clock, [dials[0], Stop("opted_out")], [call]), _heard(ATTEMPTS[0])),
        "with_a_diary": (
            _script(clock, _told([asleep, dials[0], Stop("max_attempts_reached")]), [call], [settled]),
            _silent,
        ),
        "database_away": (_script(clock, [away("the database"), dials[0], Stop("reached")], [settled]), _silent),
        "refused_then_answered": (
            _script(clock, [dials[0], WaitUntil(soon, "next attempt"), dials[1], Stop("reached")], [settled, settled]),
            _silent,
        ),
    }
    return lives[kind]


KINDS = (
    "answered",
    "no_answer_then_answered",
    "asleep_until_the_opening",
    "parked_and_resumed",
    "queued_then_slot_granted",
    "queued_then_given_a_dial",
    "unconfirmed_and_looked_up",
    "worker_lost_in_mid_dial",
    "end_never_heard",
    "cancelled_in_mid_call",
    "opted_out",
    "with_a_diary",
    "database_away",
    "refused_then_answered",
)


def _script(
    clock: Callable[[], Awaitable[datetime]],
    steps: list[Answer],
    fates: list[CallFate | Exception],
    looks: list[CallFate | Exception] | None = None,
) -> ScriptedActivities:
    return ScriptedActivities(clock, steps, fates, looks or [])


def _told(steps: list[Step]) -> list[Answer]:
    return [with_diary(step, [], "America/Chicago") for step in steps]


async def _silent(handle: Handle, script: ScriptedActivities) -> None:
    """Nothing is told."""


def _heard(attempt_id: UUID) -> Tell:
    async def tell(handle: Handle, script: ScriptedActivities) -> None:
        await script.placed.wait()
        for event in ("call_started", "call_ended", "call_analyzed"):
            await handle.signal(event, CallHeard(attempt_id))

    return tell


def _woken(reason: str) -> Tell:
    async def tell(handle: Handle, script: ScriptedActivities) -> None:
        await script.decided.wait()
        await handle.signal("wake", Wake(reason))

    return tell


async def _woken_in_mid_call(handle: Handle, script: ScriptedActivities) -> None:
    await script.placed.wait()
    await handle.signal("wake", Wake("cancelled"))


async def _slot_granted(handle: Handle, script: ScriptedActivities) -> None:
    await script.decided.wait()
    await handle.signal("slot_granted")


def _given(dial: Dial) -> Tell:
    async def tell(handle: Handle, script: ScriptedActivities) -> None:
        await script.decided.wait()
        await handle.signal("slot_granted", dial)

    return tell
