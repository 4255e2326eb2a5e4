"""Slots are handed on: whoever may be called now gets what another call gave free, asleep or not.

One at a time hands on a pool's slots within a process, and the pool's row lock decides between processes. Nobody waits
for it: word that there may be room (``nudge``) is enough, and word that comes meanwhile has it look once more.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from weakref import WeakValueDictionary

import structlog
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from activities.deciding import LeadDecisions
from activities.lead_workflows import EngineAway, LeadWorkflows
from domain.decision import PACE_HORIZON
from domain.steps import Dial, Parked, Queued, Step, Stop
from storage import lead_progress, parking, slots, turns
from storage.looks import Lookout
from storage.turns import WaitingLead

log = structlog.get_logger(__name__)

MOST_LOST_RACES = 20
"""Who loses this often against others that hand on the same pool's slots leaves it to them."""

MOST_AT_ONCE = 500
"""Leads served before others in this process get their turn."""

SIGNALS_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Served:
    """How many leads were decided about.

    ``go_on_at``: nobody can dial before then, by calls a second, by the numbers' rest, or until something that is
    parked may be tried again.
    """

    leads: int
    go_on_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """Whose turn it is in a pool; ``None`` where there is no room or nobody waits. ``is_full``: of live calls."""

    lead: WaitingLead | None
    is_full: bool = False


class SlotHandOn:
    def __init__(
        self,
        sessions: async_sessionmaker[AsyncSession],
        decisions: LeadDecisions,
        workflows: LeadWorkflows,
        clock: Callable[[], datetime],
    ) -> None:
        self._sessions = sessions
        self._lookout = Lookout(sessions)
        self._decisions = decisions
        self._workflows = workflows
        self._clock = clock
        self._turns: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()
        self._wanted: set[UUID] = set()
        self._running: dict[UUID, asyncio.Task[None]] = {}
        self._timers: dict[UUID, asyncio.TimerHandle] = {}
        self._signals = asyncio.Semaphore(SIGNALS_AT_ONCE)

    def nudge(self, number_pool_id: UUID) -> None:
        """There may be room in this pool. Returns at once; any number of nudges costs one more look."""
        self._wanted.add(number_pool_id)
        if number_pool_id not in self._running:
            task = asyncio.create_task(self._run(number_pool_id))
            self._running[number_pool_id] = task

    async def hand_on(self, number_pool_id: UUID, *, at_most: int = MOST_AT_ONCE) -> int:
        """Give the pool's free slots to the leads whose turn it is, and wake these.

        Safe to repeat and to run from several processes at once. Ends when the pool is full or parked, nobody is due,
        or ``at_most`` leads were served.

        Returns:
            How many leads were decided about.
        """
        return (await self._hand_on(number_pool_id, at_most)).leads

    async def _hand_on(self, number_pool_id: UUID, at_most: int) -> Served:
        turn = self._turns.setdefault(number_pool_id, asyncio.Lock())
        async with turn, asyncio.TaskGroup() as signals:
            return await self._serve_all(number_pool_id, at_most, signals.create_task)

    async def close(self) -> None:
        """Finish what is under way and start nothing more."""
        for timer in self._timers.values():
            timer.cancel()
        self._wanted.clear()
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def _run(self, number_pool_id: UUID) -> None:
        try:
            while number_pool_id in self._wanted:
                self._wanted.discard(number_pool_id)
                async with self._lookout.looking() as looking:
                    pools = await turns.pools_in_turn(looking, number_pool_id, self._clock())
                for pool_id in pools:
                    self._go_on(pool_id, await self._hand_on(pool_id, MOST_AT_ONCE))
        except Exception as error:  # noqa: BLE001 - whatever it was, the reconciliation hands on what is left
            log.warning("hand_on_failed", number_pool_id=str(number_pool_id), error=type(error).__name__)
        finally:
            del self._running[number_pool_id]

    def _go_on(self, number_pool_id: UUID, served: Served) -> None:
        if served.leads >= MOST_AT_ONCE:
            self.nudge(number_pool_id)
        if served.go_on_at is None:
            return
        earlier = self._timers.pop(number_pool_id, None)
        if earlier is not None:
            earlier.cancel()
        wait = max((served.go_on_at - self._clock()).total_seconds(), 0.01)
        loop = asyncio.get_running_loop()
        self._timers[number_pool_id] = loop.call_later(wait, self.nudge, number_pool_id)

    async def _serve_all(
        self, number_pool_id: UUID, at_most: int, spawn: Callable[[Coroutine[Any, Any, None]], object]
    ) -> Served:
        served = lost_races = 0
        while served < at_most and lost_races < MOST_LOST_RACES:
            look = await self._look(number_pool_id)
            lead = look.lead
            if lead is None:
                # Of a pool that is full there is word when a call ends.
                return Served(served, None if look.is_full else await self._held_up_until(number_pool_id))
            step = await self._serve(lead)
            if step is None or (lead.by_probe and isinstance(step, Parked)):
                lost_races += 1
                continue
            if isinstance(step, Queued | Parked):
                return Served(served, await self._held_up_until(number_pool_id))
            served += 1
            # Told to wait after all, it is found again when its time comes, with a timer of its own or without.
            if isinstance(step, Dial | Stop):
                spawn(self._wake(lead, step if isinstance(step, Dial) else None))
        return Served(served)

    async def _serve(self, lead: WaitingLead) -> Step | None:
        async with self._sessions.begin() as session:
            return await self._decisions.serve(session, lead.lead_id, now=self._clock(), by_probe=lead.by_probe)

    async def _look(self, number_pool_id: UUID) -> Look:
        now = self._clock()
        async with self._lookout.looking() as looking:
            room = await slots.see_room(looking, number_pool_id, dial_by=now + PACE_HORIZON)
            if not room.is_free:
                return Look(None, is_full=room.is_full)
            return Look(await turns.next_due_lead(looking, number_pool_id, now))

    async def _held_up_until(self, number_pool_id: UUID) -> datetime | None:
        now = self._clock()
        async with self._lookout.looking() as looking:
            paced = await slots.held_up_until(looking, number_pool_id, now)
            probed = await parking.next_probe_at(looking, number_pool_id, now)
        return min((instant for instant in (paced, probed) if instant is not None), default=None)

    async def _wake(self, lead: WaitingLead, dial: Dial | None) -> None:
        """A signal that gets lost costs the grant's life, then the reconciliation gives it to somebody else.

        A lead of which the engine knows nothing is handed over to it anew, by the reconciliation.
        """
        async with self._signals:
            try:
                is_told = await self._workflows.slot_granted(lead.lead_id, lead.run, dial)
            except EngineAway as error:
                log.warning("engine_away", lead_id=str(lead.lead_id), error=str(error))
                return
        if not is_told:
            log.warning("workflow_missing", lead_id=str(lead.lead_id), run=lead.run)
            async with self._sessions.begin() as session:
                await lead_progress.hand_over_again(session, [lead.lead_id])
