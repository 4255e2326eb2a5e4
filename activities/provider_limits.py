"""How many calls may be live by the provider's own word, and whether it counts as we do."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from activities.account_clients import AccountClients
from domain.live_calls import calls_elsewhere, is_overcounted
from storage import provider_limits
from storage.provider_limits import OurCalls, Reading
from telephony.errors import ProviderError
from telephony.provider import Concurrency, TellsConcurrency

log = structlog.get_logger(__name__)

FRESH_FOR = timedelta(seconds=50)
"""Every second round asks: figures are about a minute old at most while the provider answers."""

PATIENCE = timedelta(seconds=5)
"""A round doesn't wait longer for a provider; the figures that are there stay in force."""

LEAKED_AFTER = timedelta(minutes=3)
"""Slots that are held for so long without a call at the provider have leaked: its word is on its way no more."""

A_FEW = 5


@dataclass(frozen=True, slots=True)
class LimitsRead:
    """How many accounts' figures couldn't be read, and how many slots are held for calls that the provider has not."""

    unread: int = 0
    slots_leaked: int = 0


class ProviderLimits:
    def __init__(
        self,
        sessions: async_sessionmaker[AsyncSession],
        clients: AccountClients[TellsConcurrency],
        clock: Callable[[], datetime],
        *,
        patience: timedelta = PATIENCE,
    ) -> None:
        self._sessions = sessions
        self._clients = clients
        self._clock = clock
        self._patience_seconds = patience.total_seconds()

    async def refresh(self) -> LimitsRead:
        """Ask for the figures of every account that this process dials through and that aren't fresh.

        A provider that is away, slow or refuses is only noted. Safe to repeat and to run twice at once. No transaction
        waits for a provider.
        """
        async with self._sessions() as session:
            accounts = await provider_limits.accounts_to_ask(session, read_before=self._clock() - FRESH_FOR)
        reachable = self._clients.reachable(accounts)
        readings = await asyncio.gather(
            *(self._refresh_one(account.account_id, provider) for account, provider in reachable)
        )
        return LimitsRead(
            unread=sum(reading.unread for reading in readings),
            slots_leaked=sum(reading.slots_leaked for reading in readings),
        )

    async def refresh_account(self, account_id: UUID, provider: TellsConcurrency) -> LimitsRead:
        """Ask for the figures of one account, fresh or not."""
        return await self._refresh_one(account_id, provider)

    async def _refresh_one(self, account_id: UUID, provider: TellsConcurrency) -> LimitsRead:
        asked_at = self._clock()
        before = await self._our_calls(account_id)
        figures = await self._ask(account_id, provider)
        if figures is None:
            return LimitsRead(unread=1)
        after = await self._our_calls(account_id)
        # A call that began or ended while the answer was on its way is neither somebody else's nor leaked.
        ours = OurCalls(sent=max(before.sent, after.sent), taken=min(before.taken, after.taken))
        overcounted_since = await self._write(account_id, figures, ours, asked_at)
        if overcounted_since is None or asked_at - overcounted_since < LEAKED_AFTER:
            return LimitsRead()
        return await self._tell_leaked(account_id, ours.taken - figures.current, overcounted_since)

    async def _our_calls(self, account_id: UUID) -> OurCalls:
        async with self._sessions() as session:
            return await provider_limits.our_calls(session, account_id)

    async def _ask(self, account_id: UUID, provider: TellsConcurrency) -> Concurrency | None:
        try:
            async with asyncio.timeout(self._patience_seconds):
                return await provider.concurrency()
        except (ProviderError, TimeoutError) as error:
            log.warning("limits_unread", account_id=str(account_id), error=str(error) or type(error).__name__)
            return None

    async def _write(
        self, account_id: UUID, figures: Concurrency, ours: OurCalls, read_at: datetime
    ) -> datetime | None:
        reading = Reading(
            limit=figures.limit,
            reserved=figures.reserved_inbound,
            elsewhere=calls_elsewhere(figures.current, ours.sent),
            overcounted=is_overcounted(figures.current, ours.taken),
            read_at=read_at,
        )
        async with self._sessions.begin() as session:
            return await provider_limits.write_reading(session, account_id, reading)

    async def _tell_leaked(self, account_id: UUID, slots: int, since: datetime) -> LimitsRead:
        async with self._sessions() as session:
            oldest = await provider_limits.longest_taken(session, account_id, limit=A_FEW)
        log.warning(
            "slots_leaked",
            account_id=str(account_id),
            count=slots,
            since=since.isoformat(),
            oldest_attempts=[str(attempt_id) for attempt_id in oldest],
        )
        return LimitsRead(slots_leaked=slots)
