"""Sends webhooks the way Retell does: signed, in order, at least once, and after three more tries never again."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field

from simulator.call import Call
from simulator.couriers import Couriers
from simulator.dice import dice
from simulator.faults import Effect, FaultBook, FaultOrder
from simulator.settings import Settings
from simulator.signatures import signature
from simulator.stats import Stats
from simulator.storytelling import fill
from simulator.wire import now_ms

# Long enough to keep the order at a receiver that answers, short enough not to be held up by one that doesn't.
_ORDER_GRACE_SECONDS = 0.2


@dataclass(slots=True)
class Delivery:
    """One webhook on its way. ``tried`` is set after its first try, however that ended."""

    call_id: str
    to_number: str
    subject: str
    event: str
    url: str
    body: str
    timeout_seconds: float
    era: int
    tried: asyncio.Event = field(default_factory=asyncio.Event)


class Deliveries:
    def __init__(self, couriers: Couriers, api_key: str, settings: Settings, faults: FaultBook, stats: Stats) -> None:
        self._couriers = couriers
        self._api_key = api_key
        self._settings = settings
        self._faults = faults
        self._stats = stats
        self._era = 0
        self._last: dict[str, Delivery] = {}
        self._held: dict[str, tuple[list[str] | None, list[Delivery]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def open_call(self, call: Call) -> None:
        """Decide whether this call's webhooks will come in another order."""
        order = self._faults.webhook_fault(
            Effect.REORDERED, event=None, to_number=call.to_number, subject=f"{call.plan.key}|order"
        )
        if order is not None:
            self._held[call.call_id] = (order.order, [])

    def trigger(self, call: Call, event: str, body: str) -> None:
        """Send an event of a call without waiting for it; nothing happens where no address is known."""
        delivery = self._delivery(call, event, body)
        if delivery is None:
            self._stats.webhooks["without_address"] += 1
            return
        self._stats.webhooks["triggered"] += 1
        held = self._held.get(call.call_id)
        if held is not None:
            held[1].append(delivery)
            return
        before = self._last.get(call.call_id)
        self._last[call.call_id] = delivery
        self._start(self._send(delivery, before))

    def close_call(self, call: Call) -> None:
        """No further event comes: those that were held back go out in their new order."""
        self._last.pop(call.call_id, None)
        held = self._held.pop(call.call_id, None)
        if held is not None:
            order, deliveries = held
            self._start(self._send_one_by_one(_reordered(order, deliveries)))

    async def resend(self, call: Call, event: str, body: str, *, copies: int, at_once: int) -> None:
        """Send it once more, or many times; done when every copy was answered or given up."""
        delivery = self._delivery(call, event, body)
        if delivery is not None:
            await self._send_copies(delivery, copies, at_once)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._couriers.close()

    def abandon(self) -> None:
        """Send nothing more of what was triggered so far.

        What is under way at this moment arrives: cutting a request short can cost a connection pool its place for good.
        """
        self._era += 1
        self._last.clear()
        self._held.clear()

    def _delivery(self, call: Call, event: str, body: str) -> Delivery | None:
        url = call.terms.get("webhook_url") or self._settings.webhook_url
        if not url:
            return None
        milliseconds = call.terms.get("webhook_timeout_ms")
        return Delivery(
            call_id=call.call_id,
            to_number=call.to_number,
            subject=f"{call.plan.key}|{event}|{len(body)}",
            event=event,
            url=fill(url, call.dynamic_variables),
            body=body,
            era=self._era,
            timeout_seconds=min(milliseconds / 1000 if milliseconds else 10.0, self._settings.webhook_timeout_seconds),
        )

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send(self, delivery: Delivery, before: Delivery | None) -> None:
        if before is not None and not before.tried.is_set():
            try:
                await asyncio.wait_for(before.tried.wait(), _ORDER_GRACE_SECONDS)
            except TimeoutError:
                self._stats.webhooks["overtook"] += 1
        await self._send_with_faults(delivery)

    async def _send_one_by_one(self, deliveries: list[Delivery]) -> None:
        for delivery in deliveries:
            await self._send_with_faults(delivery)

    async def _send_with_faults(self, delivery: Delivery) -> None:
        if self._fault(delivery, Effect.LOST):
            self._stats.webhooks["lost"] += 1
            delivery.tried.set()
            return
        if late := self._fault(delivery, Effect.LATE):
            delivery.tried.set()
            await asyncio.sleep(late.seconds)
        if doubled := self._fault(delivery, Effect.DOUBLED):
            await self._send_copies(delivery, doubled.copies, doubled.at_once)
        else:
            await self._send_with_retries(delivery)

    def _fault(self, delivery: Delivery, effect: Effect) -> FaultOrder | None:
        return self._faults.webhook_fault(
            effect, event=delivery.event, to_number=delivery.to_number, subject=delivery.subject
        )

    async def _send_copies(self, delivery: Delivery, copies: int, at_once: int) -> None:
        places = asyncio.Semaphore(at_once)

        async def one() -> None:
            async with places:
                await self._send_with_retries(delivery)

        await asyncio.gather(*(one() for _ in range(copies)))

    async def _send_with_retries(self, delivery: Delivery) -> None:
        for attempt in range(1 + self._settings.webhook_retries):
            if attempt:
                self._stats.webhooks["retried"] += 1
                await asyncio.sleep(self._settings.webhook_retry_seconds)
            if delivery.era != self._era:
                return
            accepted = await self._post(delivery)
            delivery.tried.set()
            if accepted:
                self._stats.webhooks["accepted"] += 1
                self._stats.webhooks[f"accepted {delivery.event}"] += 1
                return
        self._stats.webhooks["given_up"] += 1

    async def _post(self, delivery: Delivery) -> bool:
        key = f"not {self._api_key}" if self._fault(delivery, Effect.FORGED) else self._api_key
        headers = {
            "content-type": "application/json",
            "x-retell-signature": signature(delivery.body, key, now_ms()),
        }
        self._stats.webhooks["sent"] += 1
        return await self._couriers.post(delivery.url, delivery.body, headers, delivery.timeout_seconds)


def _reordered(order: list[str] | None, deliveries: list[Delivery]) -> list[Delivery]:
    """In the wanted order of events (others last), or shuffled by the call's own dice."""
    if order is not None:
        places = {event: place for place, event in enumerate(order)}
        return sorted(deliveries, key=lambda d: places.get(d.event, len(places)))
    shuffled = list(deliveries)
    if shuffled:
        dice(shuffled[0].subject, "shuffle").shuffle(shuffled)
    return shuffled
