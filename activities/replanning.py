"""Leads whose times hold no more get new ones: many at a time, and without a signal to any of them.

An edited window, a resumed campaign or a night that went by changes when thousands of leads may be called. What is
right at the gates at once is made right here in the rows, from which slots are handed on. A lead's own timer stands:
one that wakes too early looks and sleeps on, and one that sleeps too long is served in its sleep.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from activities.coming_due import ComingDue
from activities.deciding import LeadDecisions
from activities.hand_on import SlotHandOn
from activities.lead_workflows import EngineAway, LeadWorkflows
from activities.planning import calls_since, plan_alike, plan_weighed
from activities.weighing import DialSettings
from domain.steps import Stop
from storage import appointments, replanning
from storage.replanning import CampaignToPlan, Owners, WaitingLead

log = structlog.get_logger(__name__)

CHUNK = 2_000
"""Leads whose rows are locked at once: a grant that waits for one of them waits for a fraction of a second."""

WEIGHED_AT_ONCE = 200

ROUND = timedelta(seconds=5)
"""How long one round of the reconciliation goes on with it; what is left is for the next."""

PLACES_KEPT = timedelta(days=1)
"""How long it is known how many leads were told to wake at an opening; nobody asks once that is over."""


class Chunk(NamedTuple):
    planned: int
    goes_on: bool


class Replanning:
    def __init__(
        self,
        sessions: async_sessionmaker[AsyncSession],
        decisions: LeadDecisions,
        workflows: LeadWorkflows,
        hand_on: SlotHandOn,
        coming_due: ComingDue,
        settings: DialSettings,
        clock: Callable[[], datetime],
    ) -> None:
        self._sessions = sessions
        self._decisions = decisions
        self._workflows = workflows
        self._hand_on = hand_on
        self._coming_due = coming_due
        self._settings = settings
        self._clock = clock
        # Whoever has a chunk to plan takes turns with the others, so that one process never asks for two at once.
        self._turn = asyncio.Lock()
        self._served_last = UUID(int=0)
        self._wanted: set[UUID] = set()
        self._running: dict[UUID, asyncio.Task[None]] = {}

    def nudge(self, number_pool_id: UUID) -> None:
        """Leads of this pool's campaigns may have to be planned anew; then its slots are handed on. Returns at once."""
        self._wanted.add(number_pool_id)
        if number_pool_id not in self._running:
            self._running[number_pool_id] = asyncio.create_task(self._run(number_pool_id))

    async def run_round(self, *, at_most: timedelta = ROUND) -> int:
        """Plan what has to be planned, in all pools; campaigns that came last begin the next round.

        Safe to repeat and to run from several processes at once.

        Returns:
            How many leads got new times or came to their end.
        """
        async with self._sessions.begin() as session:
            await appointments.forget_openings(session, before=self._clock() - PLACES_KEPT)
            campaigns = await replanning.campaigns_to_plan(session, self._clock())
        in_turn = sorted(campaigns, key=lambda one: (one.campaign_id <= self._served_last, one.campaign_id))
        return await self._go_through(in_turn, until=self._clock() + at_most)

    async def close(self) -> None:
        """Stop where it is, with the chunk under way undone; the reconciliation goes on from there."""
        self._wanted.clear()
        for task in self._running.values():
            task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def _run(self, number_pool_id: UUID) -> None:
        try:
            while number_pool_id in self._wanted:
                self._wanted.discard(number_pool_id)
                await self._plan_pool(number_pool_id)
        except Exception as error:  # noqa: BLE001 - whatever it was, the reconciliation plans what is left
            log.warning("replanning_failed", number_pool_id=str(number_pool_id), error=type(error).__name__)
        finally:
            del self._running[number_pool_id]

    async def _plan_pool(self, number_pool_id: UUID) -> None:
        began = time.monotonic()
        async with self._sessions() as session:
            campaigns = await replanning.campaigns_to_plan(session, self._clock(), number_pool_id=number_pool_id)
        try:
            planned = await self._go_through(campaigns, after_each=self._hand_on.nudge)
        finally:
            self._hand_on.nudge(number_pool_id)
        await self._coming_due.look_ahead(number_pool_id)
        seconds = round(time.monotonic() - began, 3)
        log.info("replanned", number_pool_id=str(number_pool_id), leads=planned, seconds=seconds)

    async def _go_through(
        self,
        campaigns: Sequence[CampaignToPlan],
        *,
        until: datetime | None = None,
        after_each: Callable[[UUID], None] = lambda _: None,
    ) -> int:
        """A chunk of each campaign in turn, till none has any left or the time is over."""
        planned, queue = 0, deque(campaigns)
        while queue and not self._is_over(until):
            campaign = queue.popleft()
            chunk = await self._try_chunk(campaign, until, after_each)
            planned += chunk.planned
            self._served_last = campaign.campaign_id
            if chunk.goes_on:
                queue.append(campaign)
        return planned

    async def _try_chunk(
        self, campaign: CampaignToPlan, until: datetime | None, after_each: Callable[[UUID], None]
    ) -> Chunk:
        try:
            return await self._chunk(campaign, until, after_each)
        except Exception as error:  # noqa: BLE001 - one campaign keeps no other waiting
            log.warning("replanning_failed", campaign_id=str(campaign.campaign_id), error=type(error).__name__)
            return Chunk(0, goes_on=False)

    async def _chunk(
        self, campaign: CampaignToPlan, until: datetime | None, after_each: Callable[[UUID], None]
    ) -> Chunk:
        leads, planned = await self._plan_alike(campaign.campaign_id)
        after_each(campaign.number_pool_id)
        others = [lead.id for lead in leads if not lead.is_untouched]
        for start in range(0, len(others), WEIGHED_AT_ONCE):
            if not self._is_over(until):
                planned += await self._weigh(campaign.campaign_id, others[start : start + WEIGHED_AT_ONCE])
                after_each(campaign.number_pool_id)
        return Chunk(planned, goes_on=len(leads) == CHUNK and planned > 0)

    async def _plan_alike(self, campaign_id: UUID) -> tuple[Sequence[WaitingLead], int]:
        """The next leads of the campaign, and how many of them, all the untouched ones, were planned."""
        async with self._turn, self._sessions.begin() as session:
            now, owners = self._clock(), await replanning.lock_campaign_to_plan(session, campaign_id)
            if owners is None:
                return [], 0
            leads = await replanning.lock_waiting_leads(
                session, owners.campaign, now, calls_since=calls_since(owners.campaign, now), limit=CHUNK
            )
            untouched = [lead for lead in leads if lead.is_untouched]
            plans = await plan_alike(session, owners, untouched, now=now, settings=self._settings)
            await replanning.write_plans(session, plans, planned_at=_planned_at(owners, now))
        return leads, len(plans)

    async def _weigh(self, campaign_id: UUID, lead_ids: Sequence[UUID]) -> int:
        """How many of these leads were planned, or came to their end."""
        async with self._turn, self._sessions.begin() as session:
            now, owners = self._clock(), await replanning.lock_campaign_to_plan(session, campaign_id)
            if owners is None:
                return 0
            leads = await replanning.lock_leads_with_calls(session, owners, lead_ids, now)
            plans, ended = await plan_weighed(session, owners, leads, now=now, settings=self._settings)
            await replanning.write_plans(session, plans, planned_at=_planned_at(owners, now))
        for lead_id, run in ended:
            await self._end(lead_id, run)
        return len(plans) + len(ended)

    def _is_over(self, until: datetime | None) -> bool:
        return until is not None and self._clock() >= until

    async def _end(self, lead_id: UUID, run: int) -> None:
        """Only its own decision, under all locks, ends a lead; only then its workflow is told."""
        async with self._sessions.begin() as session:
            step = await self._decisions.plan(session, lead_id, now=self._clock())
        if isinstance(step, Stop):
            try:
                await self._workflows.wake(lead_id, run, "it is done")
            except EngineAway as error:
                log.warning("engine_away", lead_id=str(lead_id), error=str(error))


def _planned_at(owners: Owners, now: datetime) -> datetime:
    """Planned by what the campaign says now, also where the clock of whoever changed it runs ahead of ours."""
    return max(now, owners.campaign.replanned_at or now)
