"""One request to dial, and what its answer does to the attempt."""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from activities.account_clients import AccountClients
from activities.aftermath import see_to, tell
from activities.blaming import blame
from activities.gate import SendOrder
from activities.lead_workflows import LeadWorkflows
from activities.messages import CallFate
from activities.parked import note_answer
from activities.recording_refusals import close_refused, hold_up_others
from activities.refusals import Refusal, refusal_of
from activities.reporting_calls import report
from domain.calls import CallEvent, CallFacts
from domain.vocabulary import AttemptStatus
from storage import attempts
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
        clients: AccountClients[VoiceProvider],
        workflows: LeadWorkflows,
        clock: Callable[[], datetime],
    ) -> None:
        self._sessions = sessions
        self._clients = clients
        self._workflows = workflows
        self._clock = clock

    async def send(self, order: SendOrder) -> CallFate:
        """Dial, and write down what is known of the call afterwards.

        That a repeat is refused proves nothing about the request before it: the attempt stays unconfirmed.
        """
        try:
            placed = await self._clients.need(order.account).place(order.body)
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
        if order.is_probe:
            await self._note_answer(order)
        async with self._sessions.begin() as session:
            known = await attempts.get_attempt(session, order.attempt_id)
            if known is None:
                return CallFate(None, "erased")
            attempt = (await report(session, known, facts, now=self._clock())).attempt
            return CallFate(attempt.look_up_at, "the call")

    async def _note_answer(self, order: SendOrder) -> None:
        """A transaction before the attempt's: the account's lock comes first."""
        async with self._sessions.begin() as session:
            lines = await note_answer(session, order.account_id, asked_at=order.sent_at, now=self._clock())
        tell(lines)

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
        """Nothing rang. The slot is free, and what must not be tried again by the next lead is parked before."""
        now = self._clock()
        async with self._sessions.begin() as session:
            refusal = await blame(session, order, refusal, now=now)
            lines = await hold_up_others(session, order, refusal, now=now)
        log.warning("dial_refused", attempt_id=str(order.attempt_id), reason=refusal.reason, parks=refusal.parks)
        tell(lines)
        async with self._sessions.begin() as session:
            aftermath = await close_refused(session, order, refusal, now=now)
        await see_to(self._workflows, aftermath)
        return CallFate(None, refusal.reason)
