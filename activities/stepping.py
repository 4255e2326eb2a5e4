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
        """Decide what the lead does next, by today's facts. Safe to repeat."""
        async with self._sessions() as session:
            standing = await lead_progress.standing_of(session, lead.lead_id)
        if standing is None:
            return Stop("erased")
        step = await self._without_a_slot(lead.lead_id, standing) or await self._with_a_slot(lead.lead_id, standing)
        if isinstance(step, Queued):
            # A slot may have come free between the look and the commit, when nobody could see this lead waiting.
            await self._hand_on.hand_on(standing.number_pool_id, at_most=1)
        return step

    async def _without_a_slot(self, lead_id: UUID, standing: Standing) -> Step | None:
        """The step of a lead that comes from a call: it rarely dials again at once. None when it would."""
        return None if standing.status == LeadStatus.NEW else await self._advance(lead_id, Room.UNKNOWN)

    async def _with_a_slot(self, lead_id: UUID, standing: Standing) -> Step:
        """Where there seems to be no room, the lead is queued without standing in line for the pool's lock."""
        pool_id = standing.number_pool_id
        if not await self._has_room(pool_id):
            return await self._must_advance(lead_id, Room.NONE)
        async with self._decisions.turns.of(pool_id):
            room = Room.COUNT if await self._has_room(pool_id) else Room.NONE
            return await self._must_advance(lead_id, room)

    async def _has_room(self, number_pool_id: UUID) -> bool:
        async with self._sessions() as session:
            return await slots.has_room(session, number_pool_id, dial_by=self._clock() + PACE_HORIZON)

    async def _must_advance(self, lead_id: UUID, room: Room) -> Step:
        step = await self._advance(lead_id, room)
        if step is None:
            msg = "a decision that knows about the pool's room is never put off"
            raise RuntimeError(msg)
        return step

    async def _advance(self, lead_id: UUID, room: Room) -> Step | None:
        async with self._sessions.begin() as session:
            step = await self._decisions.advance(session, lead_id, now=self._clock(), room=room)
            if step is not None:
                await lead_progress.mark_handed_over(session, [lead_id], self._clock())
            return step
