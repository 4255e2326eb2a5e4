"""Calls of people who were erased are deleted at the provider as well, however long it is away."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from activities.account_clients import AccountClients
from storage import call_deletions
from storage.call_deletions import CallToDelete
from telephony.errors import ProviderError
from telephony.provider import VoiceProvider

log = structlog.get_logger(__name__)

BATCH = 50
AT_ONCE = 8
LEASE = timedelta(minutes=2)
ROUND = timedelta(seconds=5)
"""How long one round of the reconciliation goes on with it; what is left is for the next."""

AGAIN_WHILE_OPEN = timedelta(seconds=15)
FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(hours=1)
MOST_DOUBLINGS = 7


class CallDeletions:
    def __init__(
        self,
        sessions: async_sessionmaker[AsyncSession],
        clients: AccountClients[VoiceProvider],
        clock: Callable[[], datetime],
    ) -> None:
        self._sessions = sessions
        self._clients = clients
        self._clock = clock

    async def run_round(self) -> int:
        """Have what is due deleted, for some seconds at most; how many calls are gone. Safe to run twice at once.

        What is broken off is tried again once its lease has lapsed: the provider is asked to delete a call any number
        of times.
        """
        gone: list[CallToDelete] = []
        try:
            async with asyncio.timeout(ROUND.total_seconds()):
                while len(batch := await self._claim()) > 0:
                    await self._delete(batch, gone)
        except TimeoutError:
            log.info("call_deletions_go_on", deleted=len(gone))
        return len(gone)

    async def _claim(self) -> Sequence[CallToDelete]:
        now = self._clock()
        async with self._sessions.begin() as session:
            return await call_deletions.claim(session, now=now, until=now + LEASE, limit=BATCH)

    async def _delete(self, batch: Sequence[CallToDelete], gone: list[CallToDelete]) -> None:
        room = asyncio.Semaphore(AT_ONCE)

        async def see_to(call: CallToDelete) -> None:
            async with room:
                if await self._see_to(call):
                    gone.append(call)

        async with asyncio.TaskGroup() as group:
            for call in batch:
                group.create_task(see_to(call))

    async def _see_to(self, call: CallToDelete) -> bool:
        """Whether it is gone. A call that isn't over is hung up: who deletes it now would never hear of its end."""
        provider = self._clients.of(call.account)
        if provider is None:
            return await self._put_off(call, "there is no key for the account here")
        try:
            if call.is_open:
                await provider.stop(call.call_id)
            else:
                await provider.delete(call.call_id)
        except ProviderError as error:
            return await self._put_off(call, str(error))
        if call.is_open:
            return await self._put_off(call, None)
        async with self._sessions.begin() as session:
            await call_deletions.mark_deleted(session, call.id, self._clock())
        return True

    async def _put_off(self, call: CallToDelete, problem: str | None) -> bool:
        pause = FIRST_PAUSE * 2 ** min(call.tries, MOST_DOUBLINGS)
        if problem is None:
            pause = AGAIN_WHILE_OPEN
        else:
            log.warning("call_not_deleted", deletion_id=str(call.id), tries=call.tries + 1, error=problem)
        again_at = self._clock() + min(pause, LONGEST_PAUSE)
        async with self._sessions.begin() as session:
            await call_deletions.put_off(
                session, call.id, again_at=again_at, problem=problem, counts=problem is not None
            )
        return False
