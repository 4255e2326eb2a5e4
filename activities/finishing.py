"""Campaigns that are over: their leads are ended in bulk, and no workflow is told.

A lead that sleeps towards an instant finds itself done when it wakes. What a process that died has left, the
reconciliation ends.
"""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from storage import finishing

log = structlog.get_logger(__name__)

CHUNK = 5_000
"""Leads that are locked at once."""

ROUND = timedelta(seconds=3)
"""How long one round of the reconciliation goes on with it; what is left is for the next."""


class FinishedCampaigns:
    def __init__(self, sessions: async_sessionmaker[AsyncSession], clock: Callable[[], datetime]) -> None:
        self._sessions = sessions
        self._clock = clock

    async def end_leads(self, campaign_id: UUID, *, at_most: timedelta | None = None) -> int:
        """End the leads of one campaign that wait, till none is left or the time is over; how many there were."""
        ends_at = None if at_most is None else time.monotonic() + at_most.total_seconds()
        ended, last = 0, CHUNK
        while last == CHUNK and (ends_at is None or time.monotonic() < ends_at):
            async with self._sessions.begin() as session:
                last = await finishing.end_waiting_leads(session, campaign_id, now=self._clock(), limit=CHUNK)
            ended += last
        if ended:
            log.info("leads_cancelled", campaign_id=str(campaign_id), count=ended)
        return ended

    async def run_round(self) -> int:
        """End what was left of all campaigns that are over; how many leads there were."""
        async with self._sessions() as session:
            campaigns = await finishing.campaigns_to_end(session)
        return sum([await self.end_leads(campaign_id, at_most=ROUND) for campaign_id in campaigns])
