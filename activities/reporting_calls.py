"""What a report about a call does, to its attempt and to others: one transaction's worth, whoever brought it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from activities.aftermath import NOTHING, Aftermath
from activities.call_meaning import NO_MEANING, Concerned, Meaning, give_meaning, lock_concerned, others_of_contact
from activities.following_up import NO_CLAIMS, Claims, follow_up, lock_owners
from activities.live_analysis import NOTHING_HEARD, Heard, flag, hear
from domain.calls import TRANSFER_EVENTS, CallEvent, CallFacts
from domain.outcomes import outcome_of
from domain.progress import AttemptState, progress
from domain.vocabulary import AttemptOutcome, AttemptStatus, LeadStatus
from storage import attempts, call_deletions, contacts
from storage.call_deletions import CallAtProvider
from storage.models import AttemptRow, LeadRow


@dataclass(frozen=True, slots=True)
class Report:
    """The attempt as it was written, and what is left to be done once that is committed."""

    attempt: AttemptRow
    aftermath: Aftermath = NOTHING


@dataclass(frozen=True, slots=True)
class Locked:
    """An attempt whose lock is held, and what comes before it in the order of locks.

    ``concerned``: where the call may be decided now. ``is_forbidden``: the callee asked just now never to be called
    again.
    """

    attempt: AttemptRow
    claims: Claims = NO_CLAIMS
    heard: Heard = NOTHING_HEARD
    is_forbidden: bool = False
    concerned: Concerned | None = None


async def report(session: AsyncSession, known: AttemptRow, facts: CallFacts, *, now: datetime) -> Report:
    """Move the attempt forward by ``facts``, under lock, and do what follows from that. The caller commits.

    Safe to repeat, in any order.

    Args:
        known: The attempt as it was read before, without a lock.

    Raises:
        LookupError: there is no such attempt any more.
    """
    return await write_report(session, await lock_for(session, known, facts, now=now), facts, now=now)


async def lock_for(session: AsyncSession, known: AttemptRow, facts: CallFacts, *, now: datetime) -> Locked:
    """Lock what ``facts`` may change, in the order of locks, and the attempt last.

    A wish never to be called again is written down already: the contact's row comes before the attempt's.

    Args:
        known: The attempt as it was read before, without a lock.

    Raises:
        LookupError: there is no such attempt any more.
    """
    attempt_id, contact_id = known.id, known.contact_id
    claims = await lock_owners(session, known, facts)
    is_forbidden = False
    if facts.ended and outcome_of(facts).do_not_call:
        is_forbidden = await contacts.set_do_not_call(
            session, contact_id, reason="asked not to be called", source="call", now=now
        )
    heard = await hear(session, known, facts, now=now)
    concerned = await lock_concerned(session, known, facts.analysis or known.analysis) if decides(facts) else None
    attempt = await attempts.lock_attempt(session, attempt_id)
    if attempt is None:
        raise LookupError(f"no attempt {attempt_id}")
    return Locked(attempt, claims, heard, is_forbidden or heard.forbids, concerned)


async def write_report(session: AsyncSession, locked: Locked, facts: CallFacts, *, now: datetime) -> Report:
    """Move a locked attempt forward, and do what follows from that. The caller commits."""
    attempt = locked.attempt
    if attempt.erased_at is None:
        flag(attempt, locked.heard, now=now)
    before = state_of(attempt)
    _write(attempt, before, facts, now)
    if attempt.erased_at is not None and attempt.call_id is not None:
        at_provider = CallAtProvider(attempt.organization_id, attempt.account_id, attempt.call_id)
        await call_deletions.order(session, [at_provider], now)
    lines = await follow_up(session, locked.claims, attempt, before, facts, now=now)
    meaning = NO_MEANING
    if locked.concerned is not None and _is_decided_now(attempt, before, facts):
        meaning = await give_meaning(session, attempt, locked.concerned, now=now)
    wake = await _whom_to_wake(session, locked, attempt, before, meaning)
    return Report(attempt, Aftermath((*lines, *meaning.lines), wake))


def decides(facts: CallFacts) -> bool:
    """Whether the outcome of a call may be decided by this, and with it what the call meant."""
    if facts.event in TRANSFER_EVENTS:
        return True
    return facts.ended and (facts.analyzed or facts.event is CallEvent.LOOKED_UP)


def _write(attempt: AttemptRow, before: AttemptState, facts: CallFacts, now: datetime) -> None:
    step = progress(before, facts, now=now)
    attempts.write(attempt, step.changes)
    attempts.fill(attempt, step.missing)
    if step.settled is not None:
        attempts.settle(attempt, outcome=step.settled.outcome, counts=step.settled.counts, now=now)


def _is_decided_now(attempt: AttemptRow, before: AttemptState, facts: CallFacts) -> bool:
    """What a call meant is told when its outcome is decided, and again by an analysis that comes later."""
    if before.status is AttemptStatus.DONE:
        return (facts.analyzed and before.analyzed_at is None) or attempt.outcome != before.outcome
    return attempt.status == AttemptStatus.DONE


async def _whom_to_wake(
    session: AsyncSession, locked: Locked, attempt: AttemptRow, before: AttemptState, meaning: Meaning
) -> tuple[tuple[UUID, int], ...]:
    """Leads that end with this call, and the call's own where it has gone on already and should go on otherwise.

    A lead whose call wasn't over before is with it, and told of its end by the event.
    """
    is_forbidden = locked.is_forbidden or meaning.forbids
    runs = await others_of_contact(session, attempt) if is_forbidden else ()
    is_news = is_forbidden or meaning.is_news or attempt.outcome != before.outcome
    if before.status is not AttemptStatus.DONE or not is_news:
        return runs
    lead = await session.get_one(LeadRow, attempt.lead_id)
    waits = lead.status == LeadStatus.NEW and lead.handed_over_at is not None
    return (*runs, (lead.id, lead.run)) if waits else runs


def state_of(attempt: AttemptRow) -> AttemptState:
    """What decides how far a report may still move the attempt."""
    return AttemptState(
        status=AttemptStatus(attempt.status),
        sent_at=attempt.first_sent_at,
        ended_at=attempt.ended_at,
        analyzed_at=attempt.analyzed_at,
        disconnection_reason=attempt.disconnection_reason,
        outcome=None if attempt.outcome is None else AttemptOutcome(attempt.outcome),
        transfers=attempt.transfers or (),
        takes_recording=attempt.recording_deletion is None,
        transcript_reach=attempt.transcript_reach,
    )
