"""Keeps the figures: what changed about calls and leads is counted some seconds later, off everybody's way.

Nothing is kept between two looks. A process that dies in the middle leaves the marks as they were, and whoever looks
next counts what they name; of several workers one counts at a time.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from storage.analytics_marks import Marked, database_now, note_progress, take_marks, take_turn
from storage.budgets import used_up_by
from storage.call_facts import calls_of_leads, count_calls, known_zones, leads_of_calls, mark_judged_otherwise
from storage.lead_facts import count_leads

log = structlog.get_logger(__name__)

EVERY = timedelta(seconds=2)

BATCH = 5_000
"""Marks that are counted in one transaction; it locks nothing that anybody else writes."""


class AnalyticsPump:
    def __init__(
        self, sessions: async_sessionmaker[AsyncSession], *, every: timedelta = EVERY, batch: int = BATCH
    ) -> None:
        self._sessions = sessions
        self._every = every
        self._batch = batch
        self._zones: Sequence[str] = ()

    async def run(self) -> None:
        """Count until cancelled. Safe to run in any number of workers."""
        while True:
            try:
                await self.catch_up()
            except Exception as error:  # noqa: BLE001 - whatever it was, the next look may go better
                log.warning("analytics_behind", error=type(error).__name__)
            await asyncio.sleep(self._every.total_seconds())

    async def catch_up(self) -> int:
        """Count all that is marked; how many marks there were. 0 also while somebody else counts."""
        counted, last = 0, self._batch
        while last >= self._batch:
            last = await self.count_some()
            counted += last
        return counted

    async def count_some(self) -> int:
        """Count one batch, in one transaction; how many marks there were."""
        spent: Sequence[UUID] = ()
        async with self._sessions.begin() as session:
            if not await take_turn(session):
                return 0
            seen_at = await database_now(session)
            marked = await take_marks(session, limit=self._batch)
            if marked.count:
                spent = await self._count(session, marked)
            await note_progress(session, seen_at)
        for campaign_id in spent:
            log.warning("campaign_budget_used_up", campaign_id=str(campaign_id))
        return marked.count

    async def _count(self, session: AsyncSession, marked: Marked) -> Sequence[UUID]:
        """Calls before leads, whose figures are worked out from those of their calls.

        Returns:
            The running campaigns of these calls that have spent their budgets.
        """
        if marked.campaigns:
            await mark_judged_otherwise(session, marked.campaigns)
        calls = list({*marked.calls, *await calls_of_leads(session, marked.leads)})
        await count_calls(session, calls, await self._known_zones(session))
        await count_leads(session, list({*marked.leads, *await leads_of_calls(session, calls)}))
        return await used_up_by(session, calls)

    async def _known_zones(self, session: AsyncSession) -> Sequence[str]:
        if not self._zones:
            self._zones = await known_zones(session)
        return self._zones
