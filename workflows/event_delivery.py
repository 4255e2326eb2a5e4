"""Tries a delivery of an event that failed at first, over three days.

What is sent stands in the database; the history holds ids and what came of each try.
"""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.event_metrics import Became
    from activities.messages import EVENT_WORKFLOW, EventOrder, EventTry
    from activities.retrying_events import RetryEvent
    from domain.events import RETRY_DELAYS
    from workflows import policies


@workflow.defn(name=EVENT_WORKFLOW)
class EventDelivery:
    @workflow.run
    async def run(self, order: EventOrder) -> str:
        became: str = Became.FAILED
        for number, delay in enumerate(RETRY_DELAYS):
            await workflow.sleep(delay, summary="before the next try")
            became = await self._try(EventTry(order, number))
            if became != Became.FAILED:
                break
        return became

    async def _try(self, what: EventTry) -> str:
        """An address at which enough goes on already costs none of the tries."""
        while (became := await self._send(what)) == Became.BUSY:
            await workflow.sleep(policies.EVENT_ADDRESS_BUSY, summary="others are being sent there")
        return became

    async def _send(self, what: EventTry) -> str:
        return await workflow.execute_activity_method(
            RetryEvent.retry_event,
            what,
            start_to_close_timeout=policies.EVENT_TIME,
            heartbeat_timeout=policies.HEARTBEAT,
            retry_policy=policies.EVENT_AGAIN,
            summary="send an event again",
        )
