"""The activity that tries a failed delivery of an event once more."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from temporalio import activity

from activities.beating import beating
from activities.event_metrics import Became
from activities.event_sending import EventSender, Tried
from activities.messages import EventTry
from domain.events import RETRY_DELAYS, DeliveryStatus
from storage.event_deliveries import Claim

AT_ONCE = 5
"""At one address: one that doesn't answer mustn't take the place of calls that are to be dialled."""


class RetryEvent:
    def __init__(self, sender: EventSender, clock: Callable[[], datetime]) -> None:
        self._sender = sender
        self._clock = clock
        self._running: Counter[UUID] = Counter()

    @activity.defn
    async def retry_event(self, what: EventTry) -> str:
        """Try once; what came of it. Safe to repeat: a receiver knows what it has had by its ``webhook-id``."""
        subscription_id = what.order.subscription_id
        if self._running[subscription_id] >= AT_ONCE:
            return Became.BUSY
        self._running[subscription_id] += 1
        try:
            async with beating():
                return await self._try(what)
        finally:
            self._running[subscription_id] -= 1
            if not self._running[subscription_id]:
                del self._running[subscription_id]

    async def _try(self, what: EventTry) -> Became:
        tried = await self._sender.send(Claim(what.order.delivery_id, what.order.round))
        if tried is None:
            return Became.OVER
        became = await self._sender.note(tried, failed=self._then(what, tried))
        return Became.OVER if tried.is_gone else became

    def _then(self, what: EventTry, tried: Tried) -> dict[str, Any]:
        following = what.number + 1
        if tried.is_gone or following >= len(RETRY_DELAYS):
            return {"status": DeliveryStatus.FAILED, "next_try_at": None}
        return {"status": DeliveryStatus.RETRYING, "next_try_at": self._clock() + RETRY_DELAYS[following]}
