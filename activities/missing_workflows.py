"""Leads that the engine was given once and knows nothing of: found by what they should have done and didn't.

An engine that was set up anew, or restored from an older file, has forgotten leads of which no row tells so. Nobody
asks for each of a hundred thousand sleeping leads; asked for are those whose time came and that didn't move.

Those whose workflow is there sleep longer than their row says, as whoever was planned anew in its sleep does: they
stand in line by their row, and are planned anew so that it says so.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from activities.lead_workflows import EngineAway, LeadWorkflows
from storage import lead_progress, silent_leads
from storage.silent_leads import Place, SilentLead

log = structlog.get_logger(__name__)

GRACE = timedelta(minutes=2)
"""So much later the engine may wake sleepers in a crowd."""

AT_MOST = 200
AT_ONCE = 10


class MissingWorkflows:
    def __init__(
        self,
        sessions: async_sessionmaker[AsyncSession],
        workflows: LeadWorkflows,
        clock: Callable[[], datetime],
        *,
        at_most: int = AT_MOST,
    ) -> None:
        self._sessions = sessions
        self._workflows = workflows
        self._clock = clock
        self._at_most = at_most
        # Those that the engine has stay silent for a while; nobody behind them would ever be asked for.
        self._asked_up_to: Place | None = None

    async def look(self) -> Sequence[UUID]:
        """Ask the engine for some of the leads that should have acted; those that it hasn't are handed over again.

        Safe to repeat and to run twice at once. While the engine is away nothing is missing.
        """
        leads = await self._silent()
        self._asked_up_to = leads[-1].place if len(leads) == self._at_most else None
        known = await self._known(leads)
        missing = [lead_id for lead_id, is_open in known.items() if not is_open]
        await self.hand_over_again(missing)
        await self._plan_again([lead_id for lead_id, is_open in known.items() if is_open])
        return missing

    async def hand_over_again(self, lead_ids: Sequence[UUID]) -> None:
        """Have workflows started for leads of which the engine knows nothing."""
        if lead_ids:
            async with self._sessions.begin() as session:
                await lead_progress.hand_over_again(session, lead_ids)

    async def _plan_again(self, lead_ids: Sequence[UUID]) -> None:
        if lead_ids:
            async with self._sessions.begin() as session:
                await silent_leads.plan_again(session, lead_ids)

    async def _silent(self) -> Sequence[SilentLead]:
        now = self._clock()
        async with self._sessions() as session:
            return await silent_leads.silent_leads(
                session, now, silent_since=now - GRACE, after=self._asked_up_to, limit=self._at_most
            )

    async def _known(self, leads: Sequence[SilentLead]) -> Mapping[UUID, bool]:
        """For each lead that could be asked for whether its workflow goes on."""
        room = asyncio.Semaphore(AT_ONCE)
        known: dict[UUID, bool] = {}
        is_away = False

        async def ask(lead: SilentLead) -> None:
            nonlocal is_away
            async with room:
                if is_away:
                    return
                try:
                    known[lead.lead_id] = await self._workflows.is_open(lead.lead_id, lead.run)
                except EngineAway as error:
                    log.warning("engine_away", error=str(error))
                    is_away = True

        async with asyncio.TaskGroup() as group:
            for lead in leads:
                group.create_task(ask(lead))
        return known
