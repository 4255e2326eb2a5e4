"""Calls that come in where no webhook can arrive: asked for beside those that went out, and taken in the same way."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from activities.account_clients import AccountClients
from activities.following_mishaps import Followed, FollowingMishaps
from domain.calls import CallEvent, CallFacts
from domain.ringing_back import GIVE_UP_AFTER
from storage import followed_accounts
from storage.accounts import AccountAddress
from storage.followed_accounts import KnownInbound
from telephony.errors import ProviderError
from telephony.provider import VoiceProvider

log = structlog.get_logger(__name__)

REACH = GIVE_UP_AFTER + timedelta(minutes=10)
"""A call that began so long before the last question has ended and was analysed by then."""

AT_ONCE = 5

Report = Callable[[UUID, CallFacts], Awaitable[object]]


class InboundFollowing:
    """``report``: takes an event of an account's as its webhook would have brought it."""

    def __init__(
        self,
        sessions: async_sessionmaker[AsyncSession],
        clients: AccountClients[VoiceProvider],
        kinds: Collection[str],
        report: Report,
        mishaps: FollowingMishaps,
        clock: Callable[[], datetime],
    ) -> None:
        self._sessions = sessions
        self._clients = clients
        self._kinds = kinds
        self._report = report
        self._mishaps = mishaps
        self._clock = clock
        self._room = asyncio.Semaphore(AT_ONCE)

    async def look(self, asked_within: timedelta) -> int:
        """Ask each provider whose turn it is once, and take what is found.

        Calls that began before the first question of all are nobody's news: their people may not have been leads then.

        Returns:
            How many events were taken.
        """
        async with self._sessions() as session:
            found = await followed_accounts.workspaces(session, self._kinds)
        news = [
            await self._mishaps.contain(Followed.ACCOUNT, self._look(own, asked_within), account_id=str(own.account_id))
            for own in found
        ]
        return sum(news)

    async def _look(self, own: AccountAddress, asked_within: timedelta) -> int:
        provider = self._clients.of(own)
        if provider is None:
            return 0
        now = self._clock()
        async with self._sessions.begin() as session:
            since = await followed_accounts.take_inbound_turn(
                session, own.account_id, now=now, asked_before=now - asked_within, reach=REACH
            )
        if since is None:
            return 0
        try:
            listed = await provider.list_inbound(since)
        except ProviderError as error:
            log.warning("inbound_calls_not_listed", account_id=str(own.account_id), error=str(error))
            return 0
        return await self._take_all(own, provider, listed) if listed else 0

    async def _take_all(self, own: AccountAddress, provider: VoiceProvider, listed: Sequence[CallFacts]) -> int:
        async with self._sessions() as session:
            known = await followed_accounts.known_inbound(session, own.provider, [facts.call_id for facts in listed])
            accounts = await _owners(session, own, listed)
        news = [facts for facts in listed if _is_news(known.get(facts.call_id), facts)]
        taken = await asyncio.gather(
            *(self._take(provider, accounts.get(facts.to_number or "", own.account_id), facts) for facts in news)
        )
        return sum(taken)

    async def _take(self, provider: VoiceProvider, account_id: UUID, listed: CallFacts) -> int:
        async with self._room:
            reading = self._read(provider, account_id, listed)
            return await self._mishaps.contain(Followed.CALL, reading, call_id=listed.call_id)

    async def _read(self, provider: VoiceProvider, account_id: UUID, listed: CallFacts) -> bool:
        try:
            facts = await in_full(provider, listed)
        except ProviderError as error:
            log.warning("call_not_read", call_id=listed.call_id, error=str(error))
            return False
        if facts is None:
            return False
        await self._report(account_id, facts)
        return True


async def _owners(session: AsyncSession, own: AccountAddress, listed: Sequence[CallFacts]) -> Mapping[str, UUID]:
    """Whose each number is that was rung: in a workspace with a key of its own there is nobody else."""
    if own.sealed_key is not None:
        return {}
    numbers = {facts.to_number for facts in listed if facts.to_number is not None}
    return await followed_accounts.accounts_of_numbers(session, own.provider, numbers)


async def in_full(provider: VoiceProvider, listed: CallFacts) -> CallFacts | None:
    """As the webhook would have reported it. A list leaves out what was said, which decides what an end means.

    Raises:
        telephony.errors.ProviderError: ask again later.
    """
    if not listed.ended:
        return replace(listed, event=CallEvent.STARTED)
    facts = await provider.get(listed.call_id)
    if facts is None or not facts.ended:
        return None
    event = CallEvent.ANALYZED if facts.analyzed else CallEvent.ENDED
    return replace(facts, event=event, attempt_id=listed.attempt_id)


def _is_news(known: KnownInbound | None, listed: CallFacts) -> bool:
    """Whether the list says more than is known: that somebody rings, that it has ended, or was analysed."""
    if known is None:
        return True
    return (listed.analyzed and not known.is_analyzed) or (listed.ended and not known.has_ended)
