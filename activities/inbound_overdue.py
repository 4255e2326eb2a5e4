"""Calls that came in and of which nothing more is heard: the provider is asked what became of them.

An event that got lost is asked for where it should have come by now: the analysis a minute after the end, the end ten
minutes after the call was first heard of, and then less and less often while it goes on. What the provider doesn't
know, or can't tell for two hours, is closed by what is known of it.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from activities import inbound
from activities.account_clients import AccountClients
from activities.aftermath import NOTHING, Aftermath, see_to
from activities.lead_workflows import LeadWorkflows
from domain.calls import CallEvent, CallFacts
from domain.ringing_back import GIVE_UP_AFTER, next_question_after
from domain.vocabulary import AttemptStatus
from storage import inbound_calls
from storage.inbound_calls import OverdueCall
from storage.models import AccountRow, InboundCallRow
from telephony.errors import ProviderError
from telephony.provider import VoiceProvider

log = structlog.get_logger(__name__)

AT_ONCE = 20
BATCH = 60
ROUND = timedelta(seconds=10)
"""No further batch is begun after this: the rest of the reconciliation waits meanwhile."""

PATIENCE_SECONDS = 5.0
"""A provider that takes longer is asked again in a later round."""

AFTER_A_FAILURE = timedelta(minutes=15)
"""What can't be written is tried again then: it mustn't stand first in every round."""


@dataclass(frozen=True, slots=True)
class _Answer:
    """``facts``: None where the provider doesn't know the call, or couldn't tell."""

    facts: CallFacts | None = None
    could_tell: bool = True


class OverdueInboundCalls:
    """While such a call is open its contact isn't dialled, so none may stay open for good."""

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
        self._room = asyncio.Semaphore(AT_ONCE)

    async def settle(self) -> Sequence[UUID]:
        """Ask about each whose analysis or end should have come, and write down what is found. Safe to repeat.

        Returns:
            Those that are settled now.
        """
        settled: list[UUID] = []
        ends_at = time.monotonic() + ROUND.total_seconds()
        while time.monotonic() < ends_at:
            async with self._sessions() as session:
                batch = await inbound_calls.overdue_calls(session, overdue_before=self._clock(), limit=BATCH)
            done = await asyncio.gather(*(self._look_after(one) for one in batch))
            settled += [one.id for one, is_settled in zip(batch, done, strict=True) if is_settled]
            if len(batch) < BATCH:
                break
        return settled

    async def _look_after(self, one: OverdueCall) -> bool:
        async with self._room:
            answer = await self._ask(one)
            try:
                is_settled, aftermath = await self._write(one, answer)
            except Exception as error:  # noqa: BLE001 - it is this call's: the others, and the round, go on
                log.error("inbound_call_not_written", inbound_call_id=str(one.id), error=type(error).__name__)
                return await self._leave_for_later(one)
            await see_to(self._workflows, aftermath)
        return is_settled

    async def _leave_for_later(self, one: OverdueCall) -> bool:
        """Raises where the database is away: then it was no fault of the call's."""
        now = self._clock()
        async with self._sessions.begin() as session:
            await inbound_calls.put_off(session, one.id, until=now + AFTER_A_FAILURE, now=now)
        return False

    async def _ask(self, one: OverdueCall) -> _Answer:
        provider = self._clients.of(one.account)
        if provider is None:
            return _Answer(could_tell=False)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return _Answer(await provider.get(one.call_id))
        except (ProviderError, TimeoutError) as error:
            log.warning("inbound_call_not_read", inbound_call_id=str(one.id), error=str(error))
            return _Answer(could_tell=False)

    async def _write(self, one: OverdueCall, answer: _Answer) -> tuple[bool, Aftermath]:
        now = self._clock()
        async with self._sessions.begin() as session:
            row = await inbound_calls.find_call(session, one.account.account_id, one.call_id)
            if row is None or row.status == AttemptStatus.DONE:
                return False, NOTHING
            if not answer.could_tell and not _is_given_up(row, now):
                await inbound_calls.put_off(session, row.id, until=now + _pause(row, now), now=now)
                return False, NOTHING
            account = await session.get_one(AccountRow, one.account.account_id)
            aftermath = await inbound.take(session, account, _told(row, answer.facts), now=now)
            if answer.could_tell:
                row.unanswered_since = None
            if row.ended_at is None:
                row.look_up_at = now + _pause(row, now)
            return row.status == AttemptStatus.DONE, aftermath


def _is_given_up(row: InboundCallRow, now: datetime) -> bool:
    return row.unanswered_since is not None and now >= row.unanswered_since + GIVE_UP_AFTER


def _pause(row: InboundCallRow, now: datetime) -> timedelta:
    return next_question_after(now - (row.started_at or row.created_at))


def _told(row: InboundCallRow, facts: CallFacts | None) -> CallFacts:
    """What the provider says, but for a call that it takes for live although it has reported its end."""
    return facts if facts is not None and (facts.ended or row.ended_at is None) else _as_known(row)


def _as_known(row: InboundCallRow) -> CallFacts:
    """The call as a look at it would show it by now: over, with what was reported so far."""
    return CallFacts(
        event=CallEvent.LOOKED_UP,
        call_id=row.call_id,
        from_number=row.from_number,
        ended=True,
        ended_at=row.ended_at,
        disconnection_reason=row.disconnection_reason,
        duration_ms=row.duration_ms,
        transcript=row.transcript,
        utterances=row.utterances,
        analysis=row.analysis,
    )
