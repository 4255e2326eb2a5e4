"""Takes events to who subscribed: looks for what waits, and makes the first try of each.

A delivery that comes through, as nearly all do, costs the engine nothing; one that doesn't becomes a workflow. Each
subscription has a courier of its own while something waits for it, so that an address that doesn't answer holds up
nobody else. What a process leaves behind that dies is claimed again when its time is over. While nobody subscribes
nobody looks: word of the first subscription comes with its commit.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from activities.event_metrics import Became
from activities.event_sending import EventSender, Tried
from activities.event_workflows import EventWorkflows
from activities.lead_workflows import EngineAway
from activities.messages import EventOrder
from domain.events import RETRY_DELAYS, DeliveryStatus
from storage import event_deliveries, event_subscriptions
from storage.event_deliveries import Claim, Work

log = structlog.get_logger(__name__)

EVERY = timedelta(seconds=1)
MOST_COURIERS = 16
AT_ONCE = 5
"""Of one subscription; one at a time while its address fails."""

LEASE = timedelta(minutes=1)
"""Longer than a try may take."""

MOST_ROUNDS = 20
PARTING = timedelta(seconds=5)
ENGINE_AWAY = timedelta(seconds=30)
CHECK_EVERY = timedelta(minutes=1)
ASLEEP = timedelta(seconds=30)
"""So long at most until a subscription is found of which the word got lost."""


class EventCouriers:
    def __init__(
        self,
        sessions: async_sessionmaker[AsyncSession],
        sender: EventSender,
        workflows: EventWorkflows,
        clock: Callable[[], datetime],
        *,
        every: timedelta = EVERY,
        asleep: timedelta = ASLEEP,
        most: int = MOST_COURIERS,
    ) -> None:
        self._sessions = sessions
        self._sender = sender
        self._workflows = workflows
        self._clock = clock
        self._every_seconds = every.total_seconds()
        self._asleep_seconds = asleep.total_seconds()
        self._most = most
        self._couriers: dict[UUID, asyncio.Task[None]] = {}
        self._turns: dict[UUID, int] = {}
        self._turn = 0
        self._checked_at: datetime | None = None
        self._is_asleep = True
        self._asked_at: datetime | None = None
        self._word = asyncio.Event()

    async def run(self) -> None:
        """Deliver until cancelled. Safe to run in any number of workers."""
        try:
            while True:
                try:
                    await self._see_who_subscribes()
                    if not self._is_asleep:
                        await self.look()
                except Exception as error:  # noqa: BLE001 - whatever it was, the next look may go better
                    log.warning("events_behind", error=type(error).__name__)
                await self._wait()
        finally:
            await self._dismiss()

    def nudge(self) -> None:
        """Somebody subscribes, and that is committed. Returns at once."""
        self._word.set()

    async def look(self) -> int:
        """Send couriers to who has something waiting and none on the way; how many were sent."""
        await self._take_back_overdue()
        async with self._sessions() as session:
            waiting = await event_deliveries.subscriptions_with_work(session, now=self._clock())
        free = [one for one in waiting if one.subscription_id not in self._couriers]
        # Whoever had a courier longest ago comes first: those that fail mustn't keep the others from it.
        self._turns = {one.subscription_id: self._turns.get(one.subscription_id, 0) for one in waiting}
        free.sort(key=lambda one: self._turns[one.subscription_id])
        chosen = free[: max(0, self._most - len(self._couriers))]
        for one in chosen:
            self._send(one)
        return len(chosen)

    async def settle(self) -> None:
        """Until all couriers that are on their way are back."""
        while self._couriers:
            await asyncio.gather(*self._couriers.values(), return_exceptions=True)

    def _send(self, work: Work) -> None:
        self._turn += 1
        self._turns[work.subscription_id] = self._turn
        task = asyncio.create_task(self._deliver(work))
        self._couriers[work.subscription_id] = task
        task.add_done_callback(lambda _: self._couriers.pop(work.subscription_id, None))

    async def _deliver(self, work: Work) -> None:
        """As long as there is more and all comes through, but not for ever: others want a courier too."""
        at_once = 1 if work.failures else AT_ONCE
        try:
            for _ in range(MOST_ROUNDS):
                claims = await self._claim(work.subscription_id, at_once)
                came_through = await asyncio.gather(*(self._first_try(work.subscription_id, one) for one in claims))
                if len(claims) < at_once or not all(came_through):
                    return
        except Exception as error:  # noqa: BLE001 - whatever it was, the next look may go better
            log.warning("events_behind", error=type(error).__name__)

    async def _claim(self, subscription_id: UUID, limit: int) -> Sequence[Claim]:
        now = self._clock()
        async with self._sessions.begin() as session:
            return await event_deliveries.claim(session, subscription_id, now=now, until=now + LEASE, limit=limit)

    async def _first_try(self, subscription_id: UUID, claim: Claim) -> bool:
        """Whether it came through. An error that nobody foresaw costs this try only: the claim lapses, and it is taken
        up again.
        """
        try:
            tried = await self._sender.send(claim)
            if tried is None:
                return True
            failed = await self._hand_over(subscription_id, tried)
            return await self._sender.note(tried, failed=failed) is not Became.FAILED
        except Exception as error:  # noqa: BLE001 - whatever it was, the others go on
            log.error("event_failed", delivery_id=str(claim.delivery_id), error=type(error).__name__)
            return False

    async def _hand_over(self, subscription_id: UUID, tried: Tried) -> dict[str, Any]:
        """What is noted of a try that failed, once there is a workflow that tries again."""
        if tried.error is None:
            return {}
        if tried.is_gone:
            return {"status": DeliveryStatus.FAILED, "claimed_until": None}
        try:
            await self._workflows.start(EventOrder(tried.claim.delivery_id, subscription_id, tried.claim.round))
        except EngineAway:
            return {"claimed_until": self._clock() + ENGINE_AWAY}
        return {
            "status": DeliveryStatus.RETRYING,
            "next_try_at": self._clock() + RETRY_DELAYS[0],
            "claimed_until": None,
        }

    async def _see_who_subscribes(self) -> None:
        """Asked by every word, after every sleep, and once a minute while somebody does."""
        now = self._clock()
        is_known = self._asked_at is not None and now - self._asked_at < CHECK_EVERY
        if is_known and not self._is_asleep and not self._word.is_set():
            return
        self._word.clear()
        self._is_asleep = False  # nor does anybody sleep who couldn't ask
        async with self._sessions() as session:
            self._is_asleep = not await event_subscriptions.does_anybody_subscribe(session)
        self._asked_at = now

    async def _take_back_overdue(self) -> None:
        now = self._clock()
        if self._checked_at is not None and now - self._checked_at < CHECK_EVERY:
            return
        self._checked_at = now
        async with self._sessions.begin() as session:
            overdue = await event_deliveries.take_back_overdue(session, now=now)
        if overdue:
            log.warning("events_overdue", count=overdue)

    async def _wait(self) -> None:
        """A moment; less where a courier comes back, for there may be more where it was, and until somebody subscribes
        where nobody does.
        """
        running: Sequence[asyncio.Task[None]] = list(self._couriers.values())
        if running:
            await asyncio.wait(running, timeout=self._every_seconds, return_when=asyncio.FIRST_COMPLETED)
        elif self._is_asleep:
            # Not wait_for: until Python 3.12 it could swallow the cancellation by which this ends.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._asleep_seconds):
                    await self._word.wait()
        else:
            await asyncio.sleep(self._every_seconds)

    async def _dismiss(self) -> None:
        """What is under way may come to its end; what doesn't is claimed again by another."""
        couriers = list(self._couriers.values())
        if couriers:
            await asyncio.wait(couriers, timeout=PARTING.total_seconds())
        for task in couriers:
            task.cancel()
        await asyncio.gather(*couriers, return_exceptions=True)
