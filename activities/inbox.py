"""Webhooks: kept, and applied to their attempt in the same transaction; then told to the lead's workflow."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from activities import inbound
from activities.aftermath import NOTHING, Aftermath
from activities.lead_workflows import LeadWorkflows
from activities.reporting_calls import lock_for, write_report
from domain.calls import CallEvent, CallFacts
from domain.ringing_back import INBOUND
from domain.vocabulary import AttemptStatus
from storage import attempts, call_deletions, webhook_events
from storage.call_deletions import CallAtProvider
from storage.looks import Lookout
from storage.models import AccountRow, AttemptRow
from storage.suppressions import is_suppressed
from storage.webhook_events import EventToForward, NewEvent

_TELLS_THE_WORKFLOW = frozenset({CallEvent.STARTED, CallEvent.ENDED, CallEvent.ANALYZED})

SIGNALS_AT_ONCE = 16

NOTHING_KEPT = "{}"
"""Of a person who was erased an event is kept by its key alone, which tells its repeats."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """A verified event. ``event_key`` is the same for each of its repeats; ``payload``: a JSON object, in text."""

    account: AccountRow
    facts: CallFacts
    event_key: str
    payload: str

    @property
    def is_kept(self) -> bool:
        """A running transcript replaces the one before it, and stands with its attempt only."""
        return self.facts.event is not CallEvent.TRANSCRIPT_UPDATED


@dataclass(frozen=True, slots=True)
class Taken:
    """What is left to do after the commit.

    ``forward``: the attempt whose workflow should be told now. ``aftermath``: what to tell people, and whom to wake.
    """

    forward: UUID | None = None
    aftermath: Aftermath = NOTHING


async def take(session: AsyncSession, arrived: Arrived, *, now: datetime) -> Taken:
    """Keep a verified event and apply it; the caller commits and answers, then does what ``Taken`` says.

    Safe to repeat: an event that is already kept changes nothing. A call that no attempt knows is kept all the same.
    """
    known = await attempt_of(session, arrived.account, arrived.facts)
    if known is None:
        return await _take_unmatched(session, arrived, now)
    if arrived.is_kept and await webhook_events.is_kept(session, arrived.account.id, arrived.event_key):
        return Taken()
    attempt_id, was = known.id, AttemptStatus(known.status)
    locked = await lock_for(session, known, arrived.facts, now=now)
    # Only now that the attempt is locked: of two who take the same event at once, the second finds the first one's.
    kept = arrived if locked.attempt.erased_at is None else replace(arrived, payload=NOTHING_KEPT)
    if arrived.is_kept and not await webhook_events.add_events(session, [new_event(kept, attempt_id, now)]):
        return Taken()
    reported = await write_report(session, locked, arrived.facts, now=now)
    return taken(arrived.facts, attempt_id, was, reported.aftermath)


async def apply_kept(
    session: AsyncSession, account: AccountRow, facts: CallFacts, event_id: UUID, *, now: datetime
) -> Taken:
    """Apply an event that is kept, however often it was applied before; the caller commits as for ``take``.

    Safe to repeat: rows only move forward. An event that found no attempt before, and finds one now, is told.
    """
    known = await attempt_of(session, account, facts)
    if known is None:
        return await _take_inbound(session, account, facts, now)
    attempt_id, was = known.id, AttemptStatus(known.status)
    locked = await lock_for(session, known, facts, now=now)
    await webhook_events.match_event(session, event_id, attempt_id)
    if facts.event not in _TELLS_THE_WORKFLOW:
        await webhook_events.mark_forwarded(session, [event_id], now)
    reported = await write_report(session, locked, facts, now=now)
    return taken(facts, attempt_id, was, reported.aftermath)


def new_event(arrived: Arrived, attempt_id: UUID | None, now: datetime) -> NewEvent:
    """As it is kept; an event that no workflow need be told is as good as forwarded."""
    tells = attempt_id is not None and arrived.facts.event in _TELLS_THE_WORKFLOW
    return NewEvent(
        organization_id=arrived.account.organization_id,
        account_id=arrived.account.id,
        event_key=arrived.event_key,
        event=arrived.facts.event,
        call_id=arrived.facts.call_id,
        payload=arrived.payload,
        attempt_id=attempt_id,
        forwarded_at=None if tells else now,
    )


def taken(facts: CallFacts, attempt_id: UUID, was: AttemptStatus, aftermath: Aftermath) -> Taken:
    """What is left to do after an event that was news. ``was``: the attempt's status before it."""
    return Taken(attempt_id if _is_urgent(facts.event, was) else None, aftermath)


def is_meant(account: AccountRow, facts: CallFacts, attempt: AttemptRow) -> bool:
    """An attempt of another account, or one that already has another call, isn't."""
    return attempt.account_id == account.id and attempt.call_id in (None, facts.call_id)


async def forward(
    sessions: async_sessionmaker[AsyncSession],
    workflows: LeadWorkflows,
    attempt_ids: Collection[UUID],
    *,
    now: datetime,
) -> None:
    """Tell the workflows of these attempts' leads everything that they haven't been told. Safe to repeat.

    A workflow is told all at once: signals that arrive together share one workflow task, and it doesn't mind their
    order.

    Raises:
        activities.lead_workflows.EngineAway: the engine could not be reached for some of them; the reconciliation
            forwards those later.
    """
    lookout = Lookout(sessions)
    async with lookout.looking() as looking:
        events = await webhook_events.events_to_forward(looking, attempt_ids)
    room = asyncio.Semaphore(SIGNALS_AT_ONCE)

    async def tell(event: EventToForward) -> None:
        async with room:
            await workflows.forward(event.lead_id, event.run, event.event, event.attempt_id)

    results = await asyncio.gather(*(tell(event) for event in events), return_exceptions=True)
    told = [event.event_id for event, result in zip(events, results, strict=True) if result is None]
    async with lookout.looking() as looking:
        await webhook_events.mark_forwarded(looking, told, now)
    for result in results:
        if result is not None:
            raise result


async def _take_unmatched(session: AsyncSession, arrived: Arrived, now: datetime) -> Taken:
    if arrived.is_kept and not await webhook_events.add_events(session, [new_event(arrived, None, now)]):
        return Taken()
    taken = await _take_inbound(session, arrived.account, arrived.facts, now)
    # Only now: an erasure that was under way held the locks that were taken for it.
    if arrived.is_kept and await _is_of_somebody_erased(session, arrived, now):
        await webhook_events.empty(session, arrived.account.id, arrived.event_key, now=now)
    return taken


async def _is_of_somebody_erased(session: AsyncSession, arrived: Arrived, now: datetime) -> bool:
    """A call to try a campaign may be heard of only after whoever it went to was erased: it is deleted as well."""
    account, facts = arrived.account, arrived.facts
    if await call_deletions.is_ordered(session, account.id, facts.call_id):
        return True
    if facts.direction == INBOUND or facts.to_number is None:
        return False
    if not await is_suppressed(session, account.organization_id, facts.to_number):
        return False
    await call_deletions.order(session, [CallAtProvider(account.organization_id, account.id, facts.call_id)], now)
    return True


async def _take_inbound(session: AsyncSession, account: AccountRow, facts: CallFacts, now: datetime) -> Taken:
    """A call that no attempt knows may be one that came in; of another nothing is done."""
    if facts.direction != INBOUND:
        return Taken()
    return Taken(aftermath=await inbound.take(session, account, facts, now=now))


async def attempt_of(session: AsyncSession, account: AccountRow, facts: CallFacts) -> AttemptRow | None:
    """Whose call it is; of a call that nobody has yet, the attempt that its metadata name.

    A call may be faster than the answer of its dial, which says whose it is.
    """
    attempt = await attempts.attempt_of_call(session, facts.call_id)
    if attempt is None and facts.attempt_id is not None:
        attempt = await attempts.get_attempt(session, facts.attempt_id)
    return attempt if attempt is not None and is_meant(account, facts, attempt) else None


def _is_urgent(event: CallEvent, was: AttemptStatus) -> bool:
    """Whether the workflow should hear of it at once.

    That a call started or ended changes nothing that the workflow does next, and each signal costs the engine a
    workflow task: they are told together with the analysis. While a dial is unconfirmed they are the proof.
    """
    if event not in _TELLS_THE_WORKFLOW:
        return False
    return event is CallEvent.ANALYZED or was is AttemptStatus.UNCONFIRMED
