"""The workflow as somebody may change it without noticing what that does to leads that are asleep."""

from collections.abc import Callable
from datetime import datetime, timedelta

from temporalio import workflow
from typing_extensions import override

with workflow.unsafe.imports_passed_through():
    from activities.dialling import PlaceCall
    from activities.messages import CallFate, LeadInput
    from domain.steps import Dial
    from workflows import policies
    from workflows.lead_calling import LeadCalling


@workflow.defn(name="LeadCalling")
class WaitsLonger(LeadCalling):
    @workflow.init
    def __init__(self, lead: LeadInput) -> None:
        super().__init__(lead)

    @override
    @workflow.run
    async def run(self, lead: LeadInput) -> str:
        return await super().run(lead)

    @override
    async def _wait(self, until_true: Callable[[], bool], until: datetime | None = None, why: str = "") -> None:
        await super()._wait(until_true, None if until is None else until + timedelta(minutes=1), why)


@workflow.defn(name="LeadCalling")
class DialsAgain(LeadCalling):
    """Without the policy that a dial is never repeated."""

    @workflow.init
    def __init__(self, lead: LeadInput) -> None:
        super().__init__(lead)

    @override
    @workflow.run
    async def run(self, lead: LeadInput) -> str:
        return await super().run(lead)

    @override
    async def _place(self, dial: Dial) -> CallFate:
        return await workflow.execute_activity_method(
            PlaceCall.place_call,
            dial,
            schedule_to_start_timeout=policies.DIAL_PICKED_UP_WITHIN,
            start_to_close_timeout=policies.DIAL_TIME,
            heartbeat_timeout=policies.HEARTBEAT,
            summary=f"attempt {dial.number}",
        )
