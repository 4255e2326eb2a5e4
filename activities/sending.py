"""One request to dial, and what its answer does to the attempt."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import assert_never

import structlog
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from activities.gate import SendOrder
from activities.messages import CallFate
from activities.refusals import Parks, Refusal, refusal_of
from activities.reporting_calls import report
from domain.calls import CallEvent, CallFacts
from domain.vocabulary import AttemptOutcome, AttemptStatus, LeadStatus
from storage import attempts, contacts, parking
from storage.models import AccountRow, AttemptRow, CampaignRow, LeadRow, NumberPoolRow
from telephony.errors import DialUnconfirmed, ProviderBusy, ProviderRejected, ProviderUnreachable
from telephony.provider import PlacedCall, VoiceProvider

log = structlog.get_logger(__name__)

FIRST_LOOK = timedelta(seconds=5)
"""An unconfirmed dial is first looked up after this; the provider's lists lag a little behind."""


class CallSender:
    """Sends what a gate has let through and records the answer; no transaction waits on the phone network."""

    def __init__(
        self,
        sessions: async_sessionmaker[AsyncSession],
        providers: Mapping[str, VoiceProvider],
        clock: Callable[[], datetime],
    ) -> None:
        self._sessions = sessions
        self._providers = providers
        self._clock = clock

    async def send(self, order: SendOrder) -> CallFate:
        """Dial, and write down what is known of the call afterwards.

        That a repeat is refused proves nothing about the request before it: the attempt stays unconfirmed.
        """
        try:
            placed = await self._providers[order.provider].place(order.body)
        except (ProviderBusy, ProviderRejected, ProviderUnreachable) as error:
            if order.is_repeat:
                return await self._record_unconfirmed(order, str(error))
            return await self._record_refusal(order, refusal_of(error))
        except DialUnconfirmed as error:
            return await self._record_unconfirmed(order, str(error))
        return await self._record_placed(order, placed)

    async def _record_placed(self, order: SendOrder, placed: PlacedCall) -> CallFate:
        facts = CallFacts(
            event=CallEvent.LOOKED_UP,
            call_id=placed.call_id,
            agent_id=placed.agent_id,
            agent_version=placed.agent_version,
        )
        async with self._sessions.begin() as session:
            attempt = await report(session, order.attempt_id, facts, now=self._clock())
            return CallFate(attempt.look_up_at, "the call")

    async def _record_unconfirmed(self, order: SendOrder, error: str) -> CallFate:
        """The phone may be ringing. A webhook may have proved it already: then there is nothing uncertain about it."""
        log.warning("dial_unconfirmed", attempt_id=str(order.attempt_id), error=error)
        async with self._sessions.begin() as session:
            attempt = await attempts.lock_attempt(session, order.attempt_id)
            if attempt is None or attempt.status == AttemptStatus.DONE:
                return CallFate(None, "settled")
            if attempt.call_id is None:
                attempt.status = AttemptStatus.UNCONFIRMED
                attempt.look_up_at = self._clock() + FIRST_LOOK
            return CallFate(attempt.look_up_at, "whether the dial got through")

    async def _record_refusal(self, order: SendOrder, refusal: Refusal) -> CallFate:
        """Nothing rang. The slot is free, and what must not be tried again by the next lead is parked."""
        log.warning("dial_refused", attempt_id=str(order.attempt_id), reason=refusal.reason, parks=refusal.parks)
        now = self._clock()
        async with self._sessions.begin() as session:
            await _park(session, order, refusal, now)
            await parking.hold_back(session, order.number_pool_id, now + refusal.pause)
        async with self._sessions.begin() as session:
            await self._close(session, order, refusal, now)
        return CallFate(None, refusal.reason)

    async def _close(self, session: AsyncSession, order: SendOrder, refusal: Refusal, now: datetime) -> None:
        known = await attempts.get_attempt(session, order.attempt_id)
        if known is None:
            return
        if refusal.do_not_call:
            await contacts.set_do_not_call(session, known.contact_id, reason=refusal.reason, source="provider", now=now)
        lead = await session.get_one(LeadRow, known.lead_id, with_for_update={"key_share": True})
        attempt = await attempts.lock_attempt(session, order.attempt_id)
        if attempt is None or attempt.status == AttemptStatus.DONE or attempt.call_id is not None:
            return
        _settle_refused(attempt, refusal, now)
        lead.status = LeadStatus.NEW if lead.status == LeadStatus.IN_PROGRESS else lead.status


async def _park(session: AsyncSession, order: SendOrder, refusal: Refusal, now: datetime) -> None:
    match refusal.parks:
        case Parks.NOBODY:
            return
        case Parks.ACCOUNT:
            await parking.park(session, AccountRow, order.account_id, reason=refusal.reason, now=now)
        case Parks.NUMBER_POOL:
            await parking.park(session, NumberPoolRow, order.number_pool_id, reason=refusal.reason, now=now)
        case Parks.CAMPAIGN:
            await parking.park(session, CampaignRow, order.campaign_id, reason=refusal.reason, now=now)
        case never:
            assert_never(never)


def _settle_refused(attempt: AttemptRow, refusal: Refusal, now: datetime) -> None:
    attempt.disconnection_reason = refusal.reason
    attempts.settle(attempt, outcome=AttemptOutcome(refusal.outcome), counts=False, now=now)
