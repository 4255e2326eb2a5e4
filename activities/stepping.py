"""The activity that every lead's workflow asks what to do next."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from temporalio import activity

from activities.deciding import LeadDecisions, Room
from activities.messages import LeadInput
from domain.decision import PACE_HORIZON
from domain.steps import Queued, Step, Stop
from domain.vocabulary import LeadStatus
from storage import lead_progress, slots
from storage.lead_progress import Standing
from storage.room import announce_room


class NextStep:
    def __init__(
        self,
        sessions: async_sessionmaker[AsyncSession],
        decisions: LeadDecisions,
        clock: Callable[[], datetime],
    ) -> None:
        self._sessions = sessions
        self._decisions = decisions
        self._clock = clock

    @activity.defn
    async def next_step(self, lead: LeadInput) -> Step:
        """Decide what the lead does next, by today's facts. Safe to repeat."""
        async with self._sessions() as session:
            standing = await lead_progress.standing_of(session, lead.lead_id)
        if standing is None:
            return Stop("erased")
        if standing.run != lead.run:
            return Stop("called again by a workflow of its own")
        return await self._without_a_slot(lead.lead_id, standing) or await self._with_a_slot(lead.lead_id, standing)

    async def _without_a_slot(self, lead_id: UUID, standing: Standing) -> Step | None:
        """The step of a lead that comes from a call: it rarely dials again at once. None when it would."""
        if standing.status == LeadStatus.NEW:
            return None
        return await self._advance(lead_id, standing, Room.UNKNOWN)

    async def _with_a_slot(self, lead_id: UUID, standing: Standing) -> Step:
        """Nobody stands in line for the pool's lock: where there is no room or no turn, the lead joins the queue."""
        async with self._sessions() as session:
            has_room = await slots.has_room(session, standing.number_pool_id, dial_by=self._clock() + PACE_HORIZON)
        step = await self._advance(lead_id, standing, Room.COUNT if has_room else Room.NONE)
        if step is None:
            msg = "a decision that knows about the pool's room is never put off"
            raise RuntimeError(msg)
        return step

    async def _advance(self, lead_id: UUID, standing: Standing, room: Room) -> Step | None:
        async with self._sessions.begin() as session:
            step = await self._decisions.advance(session, lead_id, now=self._clock(), room=room)
            if isinstance(step, Queued):
                # A slot may have come free between the look and the commit, when nobody could see this lead waiting.
                await announce_room(session, standing.number_pool_id)
            return step
