"""The shape of one lead's life with nothing in it: what the engine alone can do."""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from benchmarks.lives.bare_activities import StandIn, decide

# Far longer than a call takes: it is set and never reached, as the deadline of a real call.
DEADLINE = timedelta(minutes=10)
ACTIVITY_TIME = timedelta(seconds=30)
ONCE = RetryPolicy(maximum_attempts=1)


@workflow.defn
class BareLife:
    """Decide, dial, hear three signals before a deadline, decide."""

    @workflow.init
    def __init__(self) -> None:
        self._analyzed = False

    @workflow.run
    async def run(self) -> None:
        await self._decide()
        await workflow.execute_activity_method(
            StandIn.dial, start_to_close_timeout=ACTIVITY_TIME, retry_policy=ONCE, summary="dial"
        )
        await workflow.wait_condition(lambda: self._analyzed, timeout=DEADLINE, timeout_summary="end of the call")
        await self._decide()

    @workflow.signal
    def call_started(self) -> None:
        """It stands in the history."""

    @workflow.signal
    def call_ended(self) -> None:
        """It stands in the history."""

    @workflow.signal
    def call_analyzed(self) -> None:
        self._analyzed = True

    async def _decide(self) -> None:
        await workflow.execute_local_activity(
            decide, start_to_close_timeout=ACTIVITY_TIME, retry_policy=ONCE, summary="what to do next"
        )
