"""The life of one lead: ask what to do next, do it, until there is an answer."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import assert_never
from uuid import UUID

from temporalio import workflow
from temporalio.exceptions import FailureError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from activities.dialling import PlaceCall
    from activities.looking_up import LookUpCall
    from activities.messages import AttemptInput, CallFate, CallHeard, LeadInput, Wake
    from activities.stepping import NextStep
    from domain.steps import Dial, Parked, Queued, Step, Stop, WaitUntil
    from workflows import policies


@workflow.defn
class LeadCalling:
    """Signals are hints: the workflow reads the row again, so one too many or in another order does no harm."""

    @workflow.init
    def __init__(self, lead: LeadInput) -> None:
        self._lead = lead
        self._slot_granted = False
        self._granted: Dial | None = None
        self._dialled: UUID | None = None
        self._woken = False
        self._analyzed: set[UUID] = set()

    @workflow.run
    async def run(self, lead: LeadInput) -> str:
        while True:
            self._continue_as_new_if_long(lead)
            step = self._take_granted() or await self._next_step()
            _tell_people(step)
            match step:
                case None:
                    await self._pause()
                case Stop(reason=reason):
                    return reason
                case WaitUntil(instant=instant, why=why, summary=summary):
                    await self._wait(self._called, instant, summary or why)
                case Queued(until=instant, why=why, summary=summary):
                    await self._wait(self._called, instant, summary or f"queued for {why}")
                case Parked():
                    await self._wait(self._called)
                case Dial() as dial:
                    await self._attempt(dial)
                case never:
                    assert_never(never)

    @workflow.signal
    def call_started(self, heard: CallHeard) -> None:
        """That a call goes on changes nothing here; it stands in the history for people who read it."""

    @workflow.signal
    def call_ended(self, heard: CallHeard) -> None:
        """The slot was freed in the database; the outcome waits for the analysis."""

    @workflow.signal
    def call_analyzed(self, heard: CallHeard) -> None:
        self._analyzed.add(heard.attempt_id)

    @workflow.signal
    def slot_granted(self, dial: Dial | None = None) -> None:
        """With the dial that was granted: the gate before the request weighs it again. Without, it is asked for."""
        self._slot_granted = True
        self._granted = dial

    @workflow.signal
    def wake(self, wake: Wake) -> None:  # noqa: ARG002  (the reason is for people who read the history)
        self._woken = True

    def _take_granted(self) -> Dial | None:
        """The dial that a signal brought, unless it is being placed or was, or something else woke the lead, too."""
        dial, self._granted = self._granted, None
        if dial is None or dial.attempt_id == self._dialled or self._woken:
            return None
        self._slot_granted = False
        return dial

    async def _next_step(self) -> Step | None:
        """The next step; None when nobody could say, because the database is away."""
        self._slot_granted = self._woken = False
        try:
            return await workflow.execute_local_activity_method(
                NextStep.next_step,
                self._lead,
                start_to_close_timeout=policies.DECISION_TIME,
                retry_policy=policies.DECIDE_ONCE,
                summary="what to do next",
            )
        except FailureError as error:
            _unless_cancelled(error)
            return None

    async def _attempt(self, dial: Dial) -> None:
        """Place the call and stay with it until the attempt is settled."""
        self._woken = False
        self._dialled = dial.attempt_id
        fate = await self._place(dial)
        while fate.look_up_at is not None:
            await self._listen(dial, fate.look_up_at, fate.why)
            if dial.attempt_id in self._analyzed:
                self._analyzed.discard(dial.attempt_id)
                return
            self._woken = False
            fate = await self._look_up(dial.attempt_id)

    async def _place(self, dial: Dial) -> CallFate:
        try:
            return await workflow.execute_activity_method(
                PlaceCall.place_call,
                dial,
                schedule_to_start_timeout=policies.DIAL_PICKED_UP_WITHIN,
                start_to_close_timeout=policies.DIAL_TIME,
                heartbeat_timeout=policies.HEARTBEAT,
                retry_policy=policies.DIAL_ONCE,
                summary=f"attempt {dial.number}",
            )
        except FailureError as error:
            _unless_cancelled(error)
            return CallFate(workflow.now(), "whether the dial got through")

    async def _look_up(self, attempt_id: UUID) -> CallFate:
        try:
            return await workflow.execute_activity_method(
                LookUpCall.look_up_call,
                AttemptInput(attempt_id),
                start_to_close_timeout=policies.LOOK_UP_TIME,
                heartbeat_timeout=policies.HEARTBEAT,
                retry_policy=policies.LOOK_UP_ONCE,
                summary="what became of the call",
            )
        except FailureError as error:
            _unless_cancelled(error)
            return CallFate(workflow.now() + policies.LOOK_UP_AGAIN, "the provider to answer")

    async def _listen(self, dial: Dial, until: datetime, why: str) -> None:
        at = f"{until + dial.utc_offset:%H:%M:%S} {dial.zone_name}"
        looked_up = f"{why}: looked up at {at} unless heard of before"
        workflow.set_current_details(f"{dial.details}\n\n{looked_up}")
        await self._wait(lambda: dial.attempt_id in self._analyzed or self._woken, until, looked_up)

    async def _pause(self) -> None:
        spread = workflow.random().random() * (policies.LONGEST_PAUSE - policies.SHORTEST_PAUSE)
        until = workflow.now() + policies.SHORTEST_PAUSE + spread
        await self._wait(self._called, until, f"{until:%H:%M:%S} UTC, asking again; the database was away")

    def _called(self) -> bool:
        return self._slot_granted or self._woken

    async def _wait(self, until_true: Callable[[], bool], until: datetime | None = None, why: str = "") -> None:
        """Wait for a condition, at most until an instant; one that has passed already isn't waited for."""
        if until is None:
            await workflow.wait_condition(until_true)
            return
        left = until - workflow.now()
        if left <= timedelta(0):
            return
        try:
            await workflow.wait_condition(until_true, timeout=left, timeout_summary=why)
        except TimeoutError:
            return

    def _continue_as_new_if_long(self, lead: LeadInput) -> None:
        """All that matters is in the database, so a new history needs nothing from the old one."""
        if workflow.info().is_continue_as_new_suggested():
            workflow.continue_as_new(lead)


def _tell_people(step: Step | None) -> None:
    """Show the step in the Temporal UI; it is an answer to whoever looks and leaves no event."""
    workflow.set_current_details("**Next:** the database is away; asking again soon" if step is None else step.details)


def _unless_cancelled(error: FailureError) -> None:
    """Somebody who cancels the workflow in the engine means it; that isn't a failure to be waited out."""
    if is_cancelled_exception(error):
        raise error
