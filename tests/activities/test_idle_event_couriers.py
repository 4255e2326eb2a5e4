"""While nobody subscribes no worker looks for events, and the first subscription wakes all."""

import asyncio
from collections.abc import Callable

import httpx
from sqlalchemy import event

from tests.activities.event_scene import LOOK_SECONDS, Receivers, Scene, answered, receivers, scene
from tests.activities.stage import Clock
from tests.builders import change
from tests.patience import PATIENCE_SECONDS

__all__ = ["receivers", "scene"]


class AtWork:
    """Couriers that run, and what they ask the database."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._news = asyncio.Event()
        self.asked: list[str] = []

    @property
    def who_subscribes(self) -> int:
        """How often it was asked whether anybody does."""
        return len([one for one in self.asked if "EXISTS" in one and "event_deliveries" not in one])

    @property
    def what_waits(self) -> int:
        return len([one for one in self.asked if "event_deliveries" in one])

    async def looks(self, times: int) -> None:
        """As long as somebody who is awake takes for so many looks, and then some."""
        await asyncio.wait({self._working}, timeout=times * LOOK_SECONDS)

    async def until(self, holds: Callable[["AtWork"], bool]) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not holds(self):
                self._news.clear()
                await self._news.wait()

    async def __aenter__(self) -> "AtWork":
        event.listen(self._scene.sessions.kw["bind"].sync_engine, "before_cursor_execute", self._note)
        self._working = asyncio.create_task(self._scene.couriers.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._working.cancel()
        await asyncio.gather(self._working, return_exceptions=True)
        event.remove(self._scene.sessions.kw["bind"].sync_engine, "before_cursor_execute", self._note)

    def _note(self, _connection: object, _cursor: object, statement: str, *_more: object) -> None:
        self.asked.append(statement)
        self._news.set()


async def test_while_nobody_subscribes_nobody_looks(scene: Scene) -> None:
    await scene.subscribe(enabled=False)
    async with AtWork(scene) as work:
        await work.until(lambda work: work.who_subscribes == 1)
        await work.looks(10)
        scene.couriers.nudge()
        await work.until(lambda work: work.who_subscribes == 2)
        await work.looks(10)
    assert (len(work.asked), work.what_waits) == (2, 0)


async def test_who_sleeps_looks_with_the_word_of_the_first_subscription(scene: Scene, receivers: Receivers) -> None:
    """No sleep of theirs would end in a day."""
    arrived = asyncio.Event()

    async def notes(request: httpx.Request) -> httpx.Response:
        arrived.set()
        return answered(204)

    receivers.answers["crm.example.com"] = notes
    async with AtWork(scene) as work:
        await work.until(lambda work: work.who_subscribes == 1)
        await scene.subscribe()
        scene.couriers.nudge()
        await scene.finish_a_lead()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await arrived.wait()
    assert (await scene.only_delivery()).status == "delivered"


async def test_a_minute_after_the_last_subscription_nobody_looks_any_more(scene: Scene, clock: Clock) -> None:
    subscription = await scene.subscribe()
    async with AtWork(scene) as work:
        await work.until(lambda work: work.what_waits >= 2)
        await change(scene.sessions, subscription, enabled=False)
        clock.forward(seconds=60)
        await work.until(lambda work: work.who_subscribes >= 2)
        before = work.what_waits
        await work.looks(10)
        assert work.what_waits == before
