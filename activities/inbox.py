"""Webhooks: kept first, applied to their attempt in the same transaction, then told to the lead's workflow."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from activities.aftermath import NOTHING, Aftermath
from activities.lead_workflows import LeadWorkflows
from activities.reporting_calls import report
from domain.calls import CallEvent, CallFacts
from domain.vocabulary import AttemptStatus
from storage import attempts, webhook_events
from storage.models import AccountRow, AttemptRow

_TELLS_THE_WORKFLOW = frozenset({CallEvent.STARTED, CallEvent.ENDED, CallEvent.ANALYZED})


@dataclass(frozen=True, slots=True)
class Taken:
    """What is left to do after the commit.

    ``forward``: the attempt whose workflow should be told now. ``aftermath``: what to tell people, and whom to wake.
    """

    forward: UUID | None = None
    aftermath: Aftermath = NOTHING


async def take(
    session: AsyncSession,
    account: AccountRow,
    facts: CallFacts,
    *,
    event_key: str,
    payload: Mapping[str, Any],
    now: datetime,
) -> Taken:
    """Keep a verified event and apply it; the caller commits and answers, then does what ``Taken`` says.

    Safe to repeat: an event that is already kept changes nothing. A call that no attempt knows is kept all the same.
    """
    if facts.event is CallEvent.TRANSCRIPT_UPDATED:
        return await _take_transcript(session, account, facts, now)
    event_id = await webhook_events.add_event(
        session, account, event_key=event_key, event=facts.event, call_id=facts.call_id, payload=payload
    )
    if event_id is None:
        return Taken()
    attempt = await _attempt_of(session, account, facts)
    if attempt is None:
        await webhook_events.mark_forwarded(session, [event_id], now)
        return Taken()
    attempt_id, was = attempt.id, AttemptStatus(attempt.status)
    reported = await report(session, attempt, facts, now=now)
    # Only now that the attempt is locked: the reference alone would take a weaker lock on it, and the answer of the
    # dial, which comes at the same moment, would wait for that one while we wait for it.
    await webhook_events.match_event(session, event_id, attempt_id)
    if facts.event not in _TELLS_THE_WORKFLOW:
        await webhook_events.mark_forwarded(session, [event_id], now)
        return Taken(aftermath=reported.aftermath)
    return Taken(attempt_id if _is_news(facts.event, was) else None, reported.aftermath)


async def forward(
    sessions: async_sessionmaker[AsyncSession], workflows: LeadWorkflows, attempt_id: UUID, *, now: datetime
) -> None:
    """Tell the workflow of this attempt's lead everything that it hasn't been told. Safe to repeat.

    All at once: signals that arrive together share one workflow task, and the workflow doesn't mind their order.

    Raises:
        activities.lead_workflows.EngineAway: the engine can't be reached; the reconciliation forwards later.
    """
    async with sessions() as session:
        events = await webhook_events.events_to_forward(session, attempt_id)
    await asyncio.gather(
        *(workflows.forward(event.lead_id, event.run, event.event, event.attempt_id) for event in events)
    )
    async with sessions.begin() as session:
        await webhook_events.mark_forwarded(session, [event.event_id for event in events], now)


async def _take_transcript(session: AsyncSession, account: AccountRow, facts: CallFacts, now: datetime) -> Taken:
    """A running transcript replaces the one before it and is kept with the attempt only."""
    attempt = await _attempt_of(session, account, facts)
    if attempt is None:
        return Taken()
    return Taken(aftermath=(await report(session, attempt, facts, now=now)).aftermath)


async def _attempt_of(session: AsyncSession, account: AccountRow, facts: CallFacts) -> AttemptRow | None:
    """The attempt by its id in the call's metadata (the call may be faster than the dial's answer), else by call.

    An attempt of another account, or one that already has another call, isn't meant.
    """
    attempt = None
    if facts.attempt_id is not None:
        attempt = await attempts.get_attempt(session, facts.attempt_id)
    if attempt is None:
        attempt = await attempts.attempt_of_call(session, facts.call_id)
    if attempt is None or attempt.account_id != account.id:
        return None
    return attempt if attempt.call_id in (None, facts.call_id) else None


def _is_news(event: CallEvent, was: AttemptStatus) -> bool:
    """Whether the workflow should hear of it at once.

    That a call started or ended changes nothing that the workflow does next, and each signal costs the engine a
    workflow task: they are told together with the analysis. While a dial is unconfirmed they are the proof.
    """
    return event is CallEvent.ANALYZED or was is AttemptStatus.UNCONFIRMED
