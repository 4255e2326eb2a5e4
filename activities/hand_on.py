"""Slots are handed on: whoever may be called now gets what another call gave free, asleep or not."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from activities.deciding import LeadDecisions
from activities.lead_workflows import EngineAway, LeadWorkflows
from domain.decision import PACE_HORIZON
from domain.steps import Parked, Queued, Step
from storage import lead_progress, slots
from storage.lead_progress import WaitingLead

log = structlog.get_logger(__name__)

MOST_LOST_RACES = 20
"""Who loses this often against others that hand on the same pool's slots leaves it to them."""


class SlotHandOn:
    def __init__(
        self,
        sessions: async_sessionmaker[AsyncSession],
        decisions: LeadDecisions,
        workflows: LeadWorkflows,
        clock: Callable[[], datetime],
    ) -> None:
        self._sessions = sessions
        self._decisions = decisions
        self._workflows = workflows
        self._clock = clock

    async def hand_on(self, number_pool_id: UUID, *, at_most: int = 5) -> int:
        """Give the pool's free slots to the leads that have waited longest, and wake these.

        Safe to repeat and to run from several processes at once: the pool's lock decides. Ends when the pool is full
        or parked, nobody is due, or ``at_most`` leads were served.

        Returns:
            How many leads were looked at and woken.
        """
        served = lost_races = 0
        while served < at_most and lost_races < MOST_LOST_RACES:
            async with self._decisions.turns.of(number_pool_id):
                lead = await self._next_lead(number_pool_id)
                step = None if lead is None else await self._serve(lead)
            if lead is None:
                break
            if step is None:
                lost_races += 1
                continue
            if isinstance(step, Queued | Parked):
                break
            served += 1
            await self._wake(lead)
        return served

    async def _serve(self, lead: WaitingLead) -> Step | None:
        async with self._sessions.begin() as session:
            return await self._decisions.serve(session, lead.lead_id, now=self._clock())

    async def _next_lead(self, number_pool_id: UUID) -> WaitingLead | None:
        now = self._clock()
        async with self._sessions() as session:
            if not await slots.has_room(session, number_pool_id, dial_by=now + PACE_HORIZON):
                return None
            return await lead_progress.next_due_lead(session, number_pool_id, now)

    async def _wake(self, lead: WaitingLead) -> None:
        """A signal that gets lost costs the grant's life, then the reconciliation gives it to somebody else.

        A lead of which the engine knows nothing is handed over to it anew, by the reconciliation.
        """
        try:
            is_told = await self._workflows.slot_granted(lead.lead_id, lead.run)
        except EngineAway as error:
            log.warning("engine_away", lead_id=str(lead.lead_id), error=str(error))
            return
        if not is_told:
            log.warning("workflow_missing", lead_id=str(lead.lead_id), run=lead.run)
            async with self._sessions.begin() as session:
                await lead_progress.hand_over_again(session, lead.lead_id)
