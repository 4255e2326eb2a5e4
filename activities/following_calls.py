"""Calls whose webhooks can't arrive are followed by asking: one question for all of an account's, every ten seconds.

What is found is taken as the webhook would have been, under the same key: whichever comes first counts, and the other
one finds it there. So a workflow hears of it exactly as it would by a webhook, and nothing of it is heard twice.
"""

import asyncio
import json
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from activities import inbox
from activities.account_clients import AccountClients
from activities.aftermath import see_to
from activities.following_inbound import InboundFollowing, in_full
from activities.following_mishaps import Followed, FollowingMishaps
from activities.inbox import Arrived
from activities.lead_workflows import EngineAway, LeadWorkflows
from domain.calls import CallFacts
from storage import followed_accounts
from storage.accounts import AccountAddress
from storage.followed_accounts import OpenCall
from storage.models import AccountRow
from telephony.errors import ProviderError
from telephony.payloads import HEARD_BY, event_key
from telephony.provider import VoiceProvider

log = structlog.get_logger(__name__)

EVERY = timedelta(seconds=10)
LOOKS_PER_TURN = 5
"""Each worker looks so often whether it is time: the turn of one that died is taken soon."""

MOST_CALLS = 500
AT_ONCE = 5


class CallFollowing:
    """``kinds``: of the accounts whose webhooks don't arrive."""

    def __init__(
        self,
        sessions: async_sessionmaker[AsyncSession],
        clients: AccountClients[VoiceProvider],
        kinds: Collection[str],
        workflows: LeadWorkflows,
        mishaps: FollowingMishaps,
        clock: Callable[[], datetime],
        *,
        every: timedelta = EVERY,
    ) -> None:
        self._sessions = sessions
        self._clients = clients
        self._kinds = kinds
        self._workflows = workflows
        self._mishaps = mishaps
        self._clock = clock
        self._every = every
        # A look comes a little early or late; half of what lies between two of them makes no turn a miss.
        self._turn = every - every / LOOKS_PER_TURN / 2
        self._room = asyncio.Semaphore(AT_ONCE)
        self._inbound = InboundFollowing(sessions, clients, kinds, self._report, mishaps, clock)

    async def run(self) -> None:
        """Follow until cancelled. Safe to run in any number of workers: one of them asks at a time."""
        while True:
            await self._mishaps.contain(Followed.LOOK, self.look())
            await asyncio.sleep(self._every.total_seconds() / LOOKS_PER_TURN)

    async def look(self) -> int:
        """Ask once for each account whose turn it is, and for calls that came in, and take what is found.

        Returns:
            How many events were news.
        """
        went_out = await self._mishaps.contain(Followed.LOOK, self._look_at_accounts())
        return went_out + await self._inbound.look(self._turn)

    async def _look_at_accounts(self) -> int:
        async with self._sessions() as session:
            accounts = await followed_accounts.accounts_to_follow(session, self._kinds)
        news = [
            await self._mishaps.contain(Followed.ACCOUNT, self._follow(account), account_id=str(account.account_id))
            for account in accounts
        ]
        return sum(news)

    async def _follow(self, account: AccountAddress) -> int:
        provider, account_id = self._clients.of(account), account.account_id
        if provider is None:
            return 0
        calls = await self._take_turn(account_id)
        if not calls:
            return 0
        try:
            listed = await provider.list_calls([call.attempt_id for call in calls])
        except ProviderError as error:
            log.warning("calls_not_listed", account_id=str(account_id), error=str(error))
            return 0
        by_attempt = {facts.attempt_id: facts for facts in listed}
        found = [(call, by_attempt[call.attempt_id]) for call in calls if call.attempt_id in by_attempt]
        return sum(await asyncio.gather(*(self._take(account_id, provider, *one) for one in found)))

    async def _take_turn(self, account_id: UUID) -> Sequence[OpenCall]:
        now = self._clock()
        asked_before = now - self._turn
        async with self._sessions.begin() as session:
            if not await followed_accounts.take_turn(session, account_id, now=now, asked_before=asked_before):
                return []
            return await followed_accounts.open_calls(session, account_id, limit=MOST_CALLS)

    async def _take(self, account_id: UUID, provider: VoiceProvider, call: OpenCall, listed: CallFacts) -> int:
        if not _is_worth_asking(call, listed):
            return 0
        async with self._room:
            reading = self._read(account_id, provider, listed)
            return await self._mishaps.contain(Followed.CALL, reading, attempt_id=str(call.attempt_id))

    async def _read(self, account_id: UUID, provider: VoiceProvider, listed: CallFacts) -> bool:
        try:
            facts = await in_full(provider, listed)
        except ProviderError as error:
            log.warning("call_not_read", attempt_id=str(listed.attempt_id), error=str(error))
            return False
        return facts is not None and await self._report(account_id, facts)

    async def _report(self, account_id: UUID, facts: CallFacts) -> bool:
        payload = json.dumps({"event": facts.event, "call": {"call_id": facts.call_id}, HEARD_BY: "asking"})
        now = self._clock()
        async with self._sessions.begin() as session:
            account = await session.get_one(AccountRow, account_id)
            taken = await inbox.take(session, Arrived(account, facts, event_key(facts), payload), now=now)
        await see_to(self._workflows, taken.aftermath)
        if taken.forward is None:
            return taken != inbox.Taken()
        try:
            await inbox.forward(self._sessions, self._workflows, [taken.forward], now=self._clock())
        except EngineAway as error:
            log.warning("engine_away", error=str(error))  # the reconciliation forwards what stays
        return True


def _is_worth_asking(call: OpenCall, listed: CallFacts) -> bool:
    """Whether the list says more than the attempt knows: that it rings after all, has ended, or was analysed."""
    if not listed.ended:
        return call.is_unconfirmed
    return listed.analyzed or not call.has_ended
