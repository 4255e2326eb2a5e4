"""What a lead does next, decided and recorded in one transaction."""

from datetime import datetime, timedelta
from enum import Enum
from typing import assert_never
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from activities.call_variables import call_variables
from activities.decided import finish, hold, look_again, note
from activities.probing import as_probe, put_next_probes_off
from activities.remembering import memory_of
from activities.telling import told
from activities.weighing import DialSettings, weigh
from domain.appointments import appointment
from domain.budgets import BUDGET_IS_USED_UP
from domain.decision import Finished, LookAgain, MayDial, NotYet, decide
from domain.situation import UNLIMITED, Capacity, Situation
from domain.steps import Dial, Parked, Queued, Step, WaitUntil
from domain.vocabulary import AttemptStatus, LeadStatus, VoicemailAction
from storage import appointments, attempts, grants, slots, turns
from storage.budgets import has_no_budget_left
from storage.caller_ids import choose_caller_id, use_of
from storage.contact_facts import hold_calls
from storage.models import AttemptRow, CallerIdRow, LeadRow
from storage.pilots import is_over
from storage.situations import FoundLead, LeadWithContext, PoolLock, lock_found, lock_lead
from telephony.requests import CallRequest, build_call_body

PILOT_IS_OVER = "somebody to look at the pilot, whose leads were all begun, and to resume the campaign"


class Room(Enum):
    """What a decision may assume of the pool's free slots, where nobody saw that there are none."""

    COUNT = "lock the pool, unless somebody else grants just now, and count"
    UNKNOWN = "nobody looked; a slot is unlikely to be wanted"


class LeadDecisions:
    """Decides about leads, in transactions that its callers commit."""

    def __init__(self, settings: DialSettings) -> None:
        self._settings = settings

    async def serve(
        self, session: AsyncSession, lead_id: UUID, *, now: datetime, by_probe: bool = False
    ) -> Step | None:
        """Advance a lead that waits for a slot; None when it waits no more, since somebody else has seen to it.

        Takes all locks, the number pool's too; the caller commits.

        Args:
            by_probe: It may try what is parked, if that is due to be tried and nobody else does.
        """
        context = await lock_lead(session, lead_id, pool_lock=PoolLock.WAIT, to_probe=by_probe)
        if context is None or not _waits(context.lead, now):
            return None
        if by_probe:
            context = as_probe(context, now)
        step = await self._decide(session, context, await self._count(session, context, now), now=now)
        return told(step, context) if isinstance(step, Dial) else step  # the others are told when they ask

    async def advance(
        self, session: AsyncSession, found: FoundLead, *, now: datetime, room: Room | Capacity
    ) -> Step | None:
        """Decide, for its workflow, about a lead under its locks, and write the decision into its row.

        Safe to repeat: while an attempt is open the answer is that attempt, whoever asks. A lead that others stand in
        line before, or that comes while somebody else grants, joins the queue: whoever hands slots on is fair.

        Args:
            found: Found in this transaction, which has locked nothing since.
            room: Whether a slot may be granted, and only then the number pool is locked too; or what was seen of it
                just now, when there was none.

        Returns:
            The step; None when a slot would have to be granted and ``room`` is unknown (nothing was written).
        """
        lock = PoolLock.IF_FREE if room is Room.COUNT else PoolLock.NO
        context = await lock_found(session, found, pool_lock=lock)
        if context.lead.handed_over_at is None:
            context.lead.handed_over_at = now
        capacity = await self._capacity(session, context, room, now)
        step = await self._decide(session, context, capacity, now=now)
        return None if step is None else told(step, context)

    async def plan(self, session: AsyncSession, lead_id: UUID, *, now: datetime) -> Step | None:
        """Decide about a lead that nobody asked about, granting nothing; None when it waits no more.

        Takes the lead's locks; the caller commits.
        """
        context = await lock_lead(session, lead_id)
        if context is None or context.lead.status != LeadStatus.NEW:
            return None
        return await self._decide(session, context, Capacity(free_slots=0), now=now)

    async def _decide(
        self, session: AsyncSession, context: LeadWithContext, capacity: Capacity, *, now: datetime
    ) -> Step | None:
        if give_back_expired(context, now):
            await session.flush()  # what is read of the contact counts it
        if context.open_attempt is not None:
            return _dial(context.open_attempt)
        # The rows are written once, at the end: nothing that is read on the way depends on them.
        with session.no_autoflush:
            return await self._weighed(session, context, capacity, now=now)

    async def _weighed(
        self, session: AsyncSession, context: LeadWithContext, capacity: Capacity, *, now: datetime
    ) -> Step | None:
        situation = await self._weigh(session, context, capacity, now)
        note(context, situation)
        match decide(situation):
            case Finished() as finished:
                return finish(context, finished, now)
            case NotYet() as not_yet:
                return await self._wait(session, context, not_yet)
            case LookAgain() as later:
                return look_again(context.lead, later)
            case Queued() | Parked() as held:
                return hold(context, held, situation)
            case MayDial() as may_dial:
                return await self._grant(session, context, may_dial, situation) if context.pool_is_locked else None
            case never:
                assert_never(never)

    async def _weigh(
        self, session: AsyncSession, context: LeadWithContext, capacity: Capacity, now: datetime
    ) -> Situation:
        situation = await weigh(session, context, now=now, settings=self._settings, capacity=capacity)
        if not situation.contact_is_busy:
            return situation
        # Whoever settles a call makes those due that wait for it, so none is settled until it is written that one does.
        await hold_calls(session, context.contact.id)
        return await weigh(session, context, now=now, settings=self._settings, capacity=capacity)

    async def _capacity(
        self, session: AsyncSession, context: LeadWithContext, room: Room | Capacity, now: datetime
    ) -> Capacity:
        if isinstance(room, Capacity):
            return room
        if room is Room.UNKNOWN:
            return UNLIMITED
        lead_id, pool_id = context.lead.id, context.pool.id
        if not context.pool_is_locked or await turns.somebody_waits(session, pool_id, now, but_for=lead_id):
            return await slots.no_room(session, pool_id, now)
        return await self._count(session, context, now)

    async def _count(self, session: AsyncSession, context: LeadWithContext, now: datetime) -> Capacity:
        if await is_over(session, context.campaign):  # counted under the pool's lock: not one lead more is begun
            return Capacity(free_slots=0, lacking=PILOT_IS_OVER)
        if await has_no_budget_left(session, context.campaign):
            return Capacity(free_slots=0, lacking=BUDGET_IS_USED_UP)
        return await slots.capacity(
            session, context.pool, context.campaign, context.account, context.organization, now=now
        )

    async def _wait(self, session: AsyncSession, context: LeadWithContext, wait: NotYet) -> WaitUntil:
        """Sleep until the lead may be called; of those for whom that is one opening, each until its own appointment."""
        lead = context.lead
        instant = wait.opens_at
        if wait.opens_at > wait.earliest:
            if lead.due_at == wait.opens_at and lead.next_attempt_at is not None:
                instant = lead.next_attempt_at
            else:
                instant = appointment(
                    await appointments.take_place(session, context.pool.id, wait.opens_at),
                    opens_at=wait.opens_at,
                    open_until=wait.open_until,
                    live_calls=context.pool.max_live_calls,
                    calls_per_second=context.pool.max_calls_per_second,
                )
        lead.status = LeadStatus.NEW
        lead.earliest_at, lead.due_at, lead.open_until = wait.earliest, wait.opens_at, wait.open_until
        lead.next_attempt_at = instant
        lead.waiting_for = wait.why
        return WaitUntil(instant, wait.why)

    async def _grant(
        self, session: AsyncSession, context: LeadWithContext, slot: MayDial, situation: Situation
    ) -> Step:
        caller_id = await choose_caller_id(session, context.pool.id, context.contact.phone_number, slot.not_before)
        if caller_id is None:
            why = f"the number pool {context.pool.name} has no caller ID that may be used; give it one"
            return hold(context, Parked(why), situation)
        pool_free_at = await slots.take_pace(
            session,
            context.pool,
            context.campaign,
            context.account,
            context.organization,
            slot.not_before,
            now=situation.now,
        )
        put_next_probes_off(context, situation.now)
        memory = await memory_of(session, context.contact.id, context.lead, context.campaign)
        new = self._new_attempt(context, slot, caller_id, memory)
        use = use_of(caller_id, slot.not_before)
        await grants.write_grant(session, context.lead, new, use, pool_free_at=pool_free_at)
        return Dial(new.id, new.number, new.not_before, new.not_after)

    def _new_attempt(
        self, context: LeadWithContext, slot: MayDial, caller_id: CallerIdRow, memory: str
    ) -> attempts.NewAttempt:
        number = context.attempts[-1].number + 1 if context.attempts else 1
        return attempts.NewAttempt(
            id=attempts.attempt_id(context.lead.id, number),
            number=number,
            number_pool_id=context.pool.id,
            account_id=context.account.id,
            from_number=caller_id.phone_number,
            not_before=slot.not_before,
            not_after=slot.not_after,
            request_body=build_call_body(self._request(context, slot, caller_id, number, memory)),
            is_probe=bool(context.tried),
        )

    def _request(
        self, context: LeadWithContext, slot: MayDial, caller_id: CallerIdRow, number: int, memory: str
    ) -> CallRequest:
        campaign, lead = context.campaign, context.lead
        version = campaign.agent_version
        return CallRequest(
            attempt_id=attempts.attempt_id(lead.id, number),
            lead_id=lead.id,
            campaign_id=campaign.id,
            from_number=caller_id.phone_number,
            to_number=context.contact.phone_number,
            agent_id=campaign.agent_id,
            agent_version=int(version) if version is not None and version.isdecimal() else version,
            webhook_url=self._webhook_url(context),
            ring_time=timedelta(seconds=campaign.ring_seconds),
            max_duration=min(timedelta(seconds=campaign.max_call_seconds), self._settings.longest_call),
            voicemail=VoicemailAction(campaign.voicemail),
            dynamic_variables=call_variables(lead, campaign, number, at=slot.not_before, memory=memory),
        )

    def _webhook_url(self, context: LeadWithContext) -> str:
        base = self._settings.webhook_url
        return base if context.account.is_default else f"{base}/{context.account.id}"


def give_back_expired(context: LeadWithContext, now: datetime) -> bool:
    """Close a grant that nobody took up in time; its lead waits again. Callers hold the lead's locks and commit.

    Returns:
        Whether there was one.
    """
    attempt = context.open_attempt
    if attempt is None or attempt.status != AttemptStatus.GRANTED or now <= attempt.not_after:
        return False
    attempts.close_unrung(attempt, now=now, reason="grant_expired")
    context.lead.status = LeadStatus.NEW
    return True


def _waits(lead: LeadRow, now: datetime) -> bool:
    return lead.status == LeadStatus.NEW and lead.due_at is not None and lead.due_at <= now


def _dial(attempt: AttemptRow) -> Dial:
    return Dial(attempt.id, attempt.number, attempt.not_before, attempt.not_after)
