"""The activity that every lead's workflow asks what to do next."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from temporalio import activity

from activities.deciding import LeadDecisions, Room
from activities.hand_on import SlotHandOn
from activities.messages import LeadInput
from domain.decision import PACE_HORIZON
from domain.steps import Queued, Step, Stop
from domain.vocabulary import LeadStatus
from storage import lead_progress, slots
from storage.lead_progress import Standing


class NextStep:
    def __init__(
        self,
        sessions: async_sessionmaker[AsyncSession],
        decisions: LeadDecisions,
        hand_on: SlotHandOn,
        clock: Callable[[], datetime],
    ) -> None:
        self._sessions = sessions
        self._decisions = decisions
        self._hand_on = hand_on
        self._clock = clock

    @activity.defn
    async def next_step(self, lead: LeadInput) -> Step:
        """Decide what the lead does next, by today's facts. Safe to repeat.

        Raises:
            RuntimeError: the lead's pool stayed undecided, which can't be.
        """
        async with self._sessions() as session:
            standing = await lead_progress.standing_of(session, lead.lead_id)
            if standing is None:
                return Stop("erased")
            room = await self._likely_room(session, standing)
        step = await self._advance(lead.lead_id, room) or await self._advance(lead.lead_id, Room.COUNT)
        if step is None:
            msg = "a decision that may grant a slot is never put off"
            raise RuntimeError(msg)
        if isinstance(step, Queued):
            # A slot may have come free between the look and the commit, when nobody could see this lead waiting.
            await self._hand_on.hand_on(standing.number_pool_id, at_most=1)
        return step

    async def _likely_room(self, session: AsyncSession, standing: Standing) -> Room:
        """Only a lead that waits for a slot where there seems to be one stands in line for the pool's lock.

        One that comes from a call rarely dials again at once.
        """
        if standing.status != LeadStatus.NEW:
            return Room.UNKNOWN
        dial_by = self._clock() + PACE_HORIZON
        return Room.COUNT if await slots.has_room(session, standing.number_pool_id, dial_by=dial_by) else Room.NONE

    async def _advance(self, lead_id: UUID, room: Room) -> Step | None:
        async with self._sessions.begin() as session:
            step = await self._decisions.advance(session, lead_id, now=self._clock(), room=room)
            if step is not None:
                await lead_progress.mark_handed_over(session, [lead_id], self._clock())
            return step
