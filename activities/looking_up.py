"""The activity that looks after an attempt whose call wasn't heard to its end, or that somebody wants ended."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from temporalio import activity

from activities.account_clients import AccountClients
from activities.aftermath import NOTHING, see_to, tell
from activities.beating import beating
from activities.call_meaning import after_meaning, give_meaning, lock_concerned
from activities.gate import LISTENING_MARGIN, REPEAT_UNTIL, SendOrder, pass_gate_again
from activities.lead_workflows import LeadWorkflows
from activities.messages import AttemptInput, CallFate
from activities.parked import note_answer
from activities.reporting_calls import report
from activities.sending import CallSender
from activities.weighing import DialSettings
from domain.calls import CallFacts
from domain.parking import UNREACHABLE
from domain.vocabulary import AttemptOutcome, AttemptStatus
from storage import attempts
from storage.accounts import address_of
from storage.models import AccountRow, AttemptRow, ContactRow, LeadRow
from telephony.errors import ProviderError
from telephony.provider import VoiceProvider

GIVE_UP_AFTER = timedelta(minutes=65)
"""By now the key has lapsed, and a call that began with the last repeat has ended: what can't be told stays unknown.

Where calls may last so long that this isn't true, it is put off until it is.
"""

NEXT_LOOK = timedelta(seconds=15)
LATER_LOOK = timedelta(minutes=2)
OFTEN_FOR = timedelta(minutes=3)


@dataclass(frozen=True, slots=True)
class _Case:
    """An open attempt as it stood when it was read. ``is_unreachable``: its account is parked for that."""

    attempt: AttemptRow
    provider: VoiceProvider | None
    hang_up: bool
    is_unreachable: bool


class LookUpCall:
    def __init__(
        self,
        sessions: async_sessionmaker[AsyncSession],
        settings: DialSettings,
        clients: AccountClients[VoiceProvider],
        sender: CallSender,
        workflows: LeadWorkflows,
        clock: Callable[[], datetime],
    ) -> None:
        self._sessions = sessions
        self._settings = settings
        self._clients = clients
        self._sender = sender
        self._workflows = workflows
        self._clock = clock

    @activity.defn
    async def look_up_call(self, look: AttemptInput) -> CallFate:
        """Find out what became of an attempt, write it down, and say when to look again. Safe to repeat.

        Raises:
            telephony.errors.ProviderError: the provider couldn't be asked; look again later. An attempt of which nobody
                could tell for too long is given up instead.
        """
        async with beating():
            return await self._look_up(look.attempt_id)

    async def _look_up(self, attempt_id: UUID) -> CallFate:
        case = await self._read(attempt_id)
        if case is None:
            return CallFate(None, "settled")
        if case.attempt.status == AttemptStatus.GRANTED:
            return await self._give_back(case.attempt)
        try:
            facts = await self._ask(case)
        except ProviderError:
            if self._is_given_up(case.attempt):
                return await self._give_up(case.attempt)
            raise
        if facts is not None:
            return await self._record(case, facts)
        return await self._unheard_of(case)

    async def _read(self, attempt_id: UUID) -> _Case | None:
        async with self._sessions() as session:
            attempt = await attempts.get_attempt(session, attempt_id)
            if attempt is None or attempt.status == AttemptStatus.DONE:
                return None
            account = await session.get_one(AccountRow, attempt.account_id)
            contact = await session.get_one(ContactRow, attempt.contact_id)
            lead = await session.get_one(LeadRow, attempt.lead_id)
        wishes = (attempt.hang_up_at, lead.hang_up_at, contact.do_not_call_at)
        hang_up = any(wished_at is not None for wished_at in wishes)
        is_unreachable = account.parked_reason == UNREACHABLE
        return _Case(attempt, self._clients.of(address_of(account)), hang_up, is_unreachable)

    async def _give_back(self, attempt: AttemptRow) -> CallFate:
        """A grant whose dial never began; until it expires the dial may still be on its way."""
        async with self._sessions.begin() as session:
            row = await attempts.lock_attempt(session, attempt.id)
            now = self._clock()
            if row is None or row.status != AttemptStatus.GRANTED:
                return CallFate(now, "the call")
            if now <= row.not_after:
                return CallFate(row.not_after, "the grant to expire")
            attempts.close_unrung(row, now=now, reason="grant_expired")
        return CallFate(None, "the grant expired")

    async def _ask(self, case: _Case) -> CallFacts | None:
        if case.provider is None:
            return None
        call_id, asked_at = case.attempt.call_id, self._clock()
        facts = await (case.provider.find(case.attempt.id) if call_id is None else case.provider.get(call_id))
        if case.is_unreachable:
            await self._note_answer(case.attempt.account_id, asked_at)
        if facts is not None and not facts.ended and case.hang_up:
            await case.provider.stop(facts.call_id)
        return facts

    async def _note_answer(self, account_id: UUID, asked_at: datetime) -> None:
        """Calls of unknown fate may hold all slots of an account that was unreachable: then no probe can go out."""
        async with self._sessions.begin() as session:
            lines = await note_answer(session, account_id, asked_at=asked_at, now=self._clock())
        tell(lines)

    async def _record(self, case: _Case, facts: CallFacts) -> CallFate:
        now = self._clock()
        async with self._sessions.begin() as session:
            facts = replace(facts, attempt_id=case.attempt.id)
            reported = await report(session, case.attempt, facts, now=now)
            attempt = reported.attempt
            settled = attempt.status == AttemptStatus.DONE
            if not settled and not facts.ended:
                attempt.look_up_at = now + NEXT_LOOK if case.hang_up else self._must_have_ended_by(attempt, now)
            fate = CallFate(None if settled else attempt.look_up_at, "the call")
        await see_to(self._workflows, reported.aftermath)
        return fate

    def _must_have_ended_by(self, attempt: AttemptRow, now: datetime) -> datetime:
        due = self._ends_by(attempt)
        # Often at first; a call that never ends must not fill its lead's history.
        return max(due, now + (NEXT_LOOK if now < due + OFTEN_FOR else LATER_LOOK))

    async def _unheard_of(self, case: _Case) -> CallFate:
        """The provider lists no such call: repeat the request while that is safe, and give up when nobody can tell.

        One that was to be hung up isn't repeated. By when it must have ended there is nothing left to wait for.
        """
        attempt = case.attempt
        if self._is_given_up(attempt) or (case.hang_up and self._clock() >= self._ends_by(attempt)):
            return await self._give_up(attempt)
        order = await self._pass_gate_again(attempt.id)
        if order is not None:
            return await self._sender.send(order)
        pause = NEXT_LOOK if self._age(attempt) < OFTEN_FOR else LATER_LOOK
        return await self._look_again(attempt.id, self._clock() + pause)

    def _age(self, attempt: AttemptRow) -> timedelta:
        return self._clock() - (attempt.first_sent_at or attempt.created_at)

    def _ends_by(self, attempt: AttemptRow) -> datetime:
        sent_at = attempt.last_sent_at or self._clock()
        return sent_at + self._settings.longest_call + 2 * LISTENING_MARGIN

    def _is_given_up(self, attempt: AttemptRow) -> bool:
        last_repeat_has_ended = REPEAT_UNTIL + self._settings.longest_call + 2 * LISTENING_MARGIN
        return self._age(attempt) >= max(GIVE_UP_AFTER, last_repeat_has_ended)

    async def _pass_gate_again(self, attempt_id: UUID) -> SendOrder | None:
        async with self._sessions.begin() as session:
            return await pass_gate_again(session, attempt_id, settings=self._settings, clock=self._clock)

    async def _look_again(self, attempt_id: UUID, at: datetime) -> CallFate:
        async with self._sessions.begin() as session:
            attempt = await attempts.lock_attempt(session, attempt_id)
            if attempt is None or attempt.status == AttemptStatus.DONE:
                return CallFate(None, "settled")
            attempt.look_up_at = at
        return CallFate(at, "whether the dial got through")

    async def _give_up(self, attempt: AttemptRow) -> CallFate:
        async with self._sessions.begin() as session:
            concerned = await lock_concerned(session, attempt, attempt.analysis)
            row = await attempts.lock_attempt(session, attempt.id)
            aftermath = NOTHING
            if row is not None and row.status != AttemptStatus.DONE:
                now = self._clock()
                attempts.settle(row, outcome=AttemptOutcome.UNKNOWN, counts=True, now=now)
                aftermath = await after_meaning(session, row, await give_meaning(session, row, concerned, now=now))
        await see_to(self._workflows, aftermath)
        return CallFate(None, "nobody can tell whether it rang")
