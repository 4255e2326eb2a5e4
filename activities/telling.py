"""From a lead's rows to what people read about it in the Temporal UI."""

from domain.diary import DiaryAttempt, with_diary
from domain.steps import Step
from domain.vocabulary import AttemptOutcome, AttemptStatus
from storage.models import AttemptRow
from storage.situations import LeadWithContext


def told(step: Step, context: LeadWithContext) -> Step:
    """The step with the lead's diary; no column of its rows that could be personal gets in."""
    return with_diary(step, [_entry(attempt) for attempt in context.attempts], context.lead.time_zones[0])


def _entry(attempt: AttemptRow) -> DiaryAttempt:
    return DiaryAttempt(
        number=attempt.number,
        status=AttemptStatus(attempt.status),
        at=attempt.first_sent_at or attempt.created_at,
        outcome=None if attempt.outcome is None else AttemptOutcome(attempt.outcome),
        disposition=attempt.disposition,
        counts=attempt.counts,
    )
