"""What a report about a call does to its attempt: one transaction's worth, whoever brought the report."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.calls import CallFacts
from domain.outcomes import outcome_of
from domain.progress import AttemptState, progress
from domain.vocabulary import AttemptStatus
from storage import attempts, contacts
from storage.models import AttemptRow


async def report(session: AsyncSession, attempt_id: UUID, facts: CallFacts, *, now: datetime) -> AttemptRow:
    """Move the attempt forward by ``facts``, under lock, and honour a wish not to be called again.

    Safe to repeat, in any order.

    Raises:
        LookupError: there is no such attempt.
    """
    known = await attempts.get_attempt(session, attempt_id)
    if known is None:
        raise LookupError(f"no attempt {attempt_id}")
    if facts.ended and outcome_of(facts).do_not_call:
        await contacts.set_do_not_call(
            session, known.contact_id, reason="asked not to be called", source="call", now=now
        )
    attempt = await attempts.lock_attempt(session, attempt_id)
    if attempt is None:
        raise LookupError(f"no attempt {attempt_id}")
    step = progress(_state_of(attempt), facts, now=now)
    attempts.write(attempt, step.changes)
    attempts.fill(attempt, step.missing)
    if step.settled is not None:
        attempt.callback_at = step.settled.callback_at
        attempts.settle(attempt, outcome=step.settled.outcome, counts=step.settled.counts, now=now)
    return attempt


def _state_of(attempt: AttemptRow) -> AttemptState:
    return AttemptState(
        status=AttemptStatus(attempt.status),
        ended_at=attempt.ended_at,
        analyzed_at=attempt.analyzed_at,
        disconnection_reason=attempt.disconnection_reason,
    )
