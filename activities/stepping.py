"""The activity that every lead's workflow asks what to do next."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from temporalio import activity

from activities.deciding import LeadDecisions, Room
from activities.joined_queues import JoinedQueues
from activities.messages import LeadInput
from domain.decision import PACE_HORIZON
from domain.situation import Capacity
from domain.steps import Queued, Step, Stop
from domain.vocabulary import LeadStatus
from storage import slots
from storage.situations import find_lead


class NextStep:
    def __init__(
        self,
        sessions: async_sessionmaker[AsyncSession],
        decisions: LeadDecisions,
        queues: JoinedQueues,
        clock: Callable[[], datetime],
    ) -> None:
        self._sessions = sessions
        self._decisions = decisions
        self._queues = queues
        self._clock = clock

    @activity.defn
    async def next_step(self, lead: LeadInput) -> Step:
        """Decide what the lead does next, by today's facts. Safe to repeat."""
        step = await self._decide(lead) or await self._decide(lead, wants_slot=True)
        if step is None:
            msg = "a decision that knows about the pool's room is never put off"
            raise RuntimeError(msg)
        return step

    async def _decide(self, lead: LeadInput, *, wants_slot: bool = False) -> Step | None:
        """The step; None where the lead would dial and nobody looked for room."""
        async with self._sessions.begin() as session:
            found = await find_lead(session, lead.lead_id)
            if found is None:
                return Stop("erased")
            if found.run != lead.run:
                return Stop("called again by a workflow of its own")
            # A lead that comes from a call rarely dials again at once.
            waits = wants_slot or found.status == LeadStatus.NEW
            room = await self._see_room(session, found.number_pool_id) if waits else Room.UNKNOWN
            step = await self._decisions.advance(session, found, now=self._clock(), room=room)
        if isinstance(step, Queued):
            # A slot may have come free between the look and the commit, when nobody could see this lead waiting.
            self._queues.joined(found.number_pool_id, saw_room=room is Room.COUNT)
        return step

    async def _see_room(self, session: AsyncSession, number_pool_id: UUID) -> Room | Capacity:
        """Nobody stands in line for the pool's lock: where there is no room or no turn, the lead joins the queue."""
        seen = await slots.see_room(session, number_pool_id, dial_by=self._clock() + PACE_HORIZON)
        return Room.COUNT if seen.is_free else seen.nothing
