"""The activity that every lead's workflow asks what to do next."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from temporalio import activity

from activities.deciding import LeadDecisions
from activities.messages import LeadInput
from domain.steps import Step
from domain.vocabulary import LeadStatus
from storage import lead_progress


class NextStep:
    def __init__(
        self, sessions: async_sessionmaker[AsyncSession], decisions: LeadDecisions, clock: Callable[[], datetime]
    ) -> None:
        self._sessions = sessions
        self._decisions = decisions
        self._clock = clock

    @activity.defn
    async def next_step(self, lead: LeadInput) -> Step:
        """Decide what the lead does next, by today's facts. Safe to repeat."""
        expects_a_slot = await self._is_waiting(lead.lead_id)
        step = await self._advance(lead.lead_id, may_grant=expects_a_slot)
        return step or await self._must_advance(lead.lead_id)

    async def _is_waiting(self, lead_id: UUID) -> bool:
        """A lead that comes from a call rarely dials again at once, and needn't stand in line for its pool's lock."""
        async with self._sessions() as session:
            return await lead_progress.status_of(session, lead_id) == LeadStatus.NEW

    async def _must_advance(self, lead_id: UUID) -> Step:
        step = await self._advance(lead_id, may_grant=True)
        if step is None:
            msg = "a decision that may grant a slot is never put off"
            raise RuntimeError(msg)
        return step

    async def _advance(self, lead_id: UUID, *, may_grant: bool) -> Step | None:
        async with self._sessions.begin() as session:
            step = await self._decisions.advance(session, lead_id, now=self._clock(), may_grant=may_grant)
            if step is not None:
                await lead_progress.mark_handed_over(session, [lead_id], self._clock())
            return step
