"""Slots are handed on: whoever may be called now gets what another call gave free, asleep or not."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from activities.deciding import LeadDecisions, Room
from activities.lead_workflows import EngineAway, LeadWorkflows
from domain.decision import PACE_HORIZON
from domain.steps import Queued, Step
from storage import lead_progress, slots
from storage.lead_progress import WaitingLead

log = structlog.get_logger(__name__)


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

        Safe to repeat and to run from several processes at once: the pool's lock decides. Ends when the pool is full,
        nobody is due, or ``at_most`` leads were looked at.

        Returns:
            How many leads were looked at and woken.
        """
        for looked_at in range(at_most):
            served = await self._serve_one(number_pool_id)
            if served is None:
                return looked_at
            lead, step = served
            if isinstance(step, Queued):
                return looked_at
            await self._wake(lead)
        return at_most

    async def _serve_one(self, number_pool_id: UUID) -> tuple[WaitingLead, Step] | None:
        now = self._clock()
        async with self._sessions.begin() as session:
            if not await slots.has_room(session, number_pool_id, dial_by=now + PACE_HORIZON):
                return None
            lead = await lead_progress.next_due_lead(session, number_pool_id, now)
            if lead is None:
                return None
            step = await self._decisions.advance(session, lead.lead_id, now=self._clock(), room=Room.COUNT)
            return None if step is None else (lead, step)

    async def _wake(self, lead: WaitingLead) -> None:
        """A signal that gets lost costs the grant's life, then the reconciliation wakes the lead."""
        try:
            await self._workflows.slot_granted(lead.lead_id, lead.run)
        except EngineAway as error:
            log.warning("engine_away", lead_id=str(lead.lead_id), error=str(error))
