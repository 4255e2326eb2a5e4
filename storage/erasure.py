"""A person is erased: everything of them within one organisation, in one transaction.

Rows stay as empty shells, since others name them by their ids and since they are counted: how often somebody was
called, how it ended and what it cost is of no person any more. ``docs/operations/personal-data.md`` lists the tables.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Text, and_, cast, func, or_, select, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from domain.phone_numbers import national_digits
from domain.vocabulary import AttemptStatus, LeadOutcome, LeadStatus
from storage import attempts, call_deletions, event_deliveries, recordings, suppressions
from storage.call_deletions import CallAtProvider
from storage.contacts import ERASED, ERASURE
from storage.models import (
    AttemptRow,
    ContactRow,
    IdempotencyKeyRow,
    InboundCallRow,
    LeadImportRejectionRow,
    LeadImportRow,
    LeadRow,
    TrialCallRow,
    WebhookEventRow,
)
from storage.situations import LONG_COLUMNS

_LEAD = ("external_id", "name", "region", "postal_code", "consent", "waiting_for", "due_at", "earliest_at")
_OF_ATTEMPTS = attempts.PERSONAL | {"request_body"}
_OF_INBOUND = {name for name in attempts.PERSONAL if hasattr(InboundCallRow, name)} | {"from_number", "to_number"}


@dataclass(frozen=True, slots=True)
class Erased:
    """``runs``: workflows that still go on, with their leads, and end when they are woken."""

    runs: Sequence[tuple[UUID, int]]


async def contact_of_lead(session: AsyncSession, organization_id: UUID, lead_id: UUID) -> UUID | None:
    query = select(LeadRow.contact_id).where(LeadRow.id == lead_id, LeadRow.organization_id == organization_id)
    return await session.scalar(query)


async def lock_person(session: AsyncSession, contact_id: UUID) -> ContactRow:
    """Lock a contact so that its number may change: whoever looks for it by its number waits, and finds none then."""
    return await session.get_one(ContactRow, contact_id, with_for_update=True, populate_existing=True)


async def erase(session: AsyncSession, contact: ContactRow, now: datetime) -> Erased:
    """Empty everything of the person, and see to it that nobody calls them again. The caller commits.

    A call that is granted is given back; one that was let go comes to its end as any other, and is hung up.

    Args:
        contact: Locked by ``lock_person``. One that is erased already is left as it is.
    """
    if contact.erased_at is not None:
        return Erased(())
    number = contact.phone_number
    leads = await _lock_leads(session, contact)
    calls = await _lock_attempts(session, contact, leads)
    runs = [(lead.id, lead.run) for lead in leads if _goes_on(lead)]
    await suppressions.suppress(session, contact.organization_id, number, now)
    came_in = await _empty_inbound_calls(session, contact, leads, now)
    await recordings.order_deletion_of_contact(session, contact.id)
    await recordings.order_deletion_of_attempts(session, [call.id for call in calls])
    for lead in leads:
        _empty_lead(lead, [call for call in calls if call.lead_id == lead.id], now)
    for call in calls:
        _empty_attempt(call, now)
    await session.flush()
    at_provider = [*_at_provider(calls), *came_in, *await _trial_calls(session, contact, number)]
    await call_deletions.order(session, at_provider, now)
    await _empty_events(session, contact, number, [call.id for call in calls], at_provider, now)
    await _empty_what_was_sent(session, contact, number, leads)
    await _empty_what_was_answered(session, contact, leads, calls)
    _empty_contact(contact, now)
    await session.flush()
    return Erased(runs)


def _goes_on(lead: LeadRow) -> bool:
    return lead.status != LeadStatus.DONE and lead.handed_over_at is not None


async def _lock_leads(session: AsyncSession, contact: ContactRow) -> Sequence[LeadRow]:
    query = select(LeadRow).where(LeadRow.contact_id == contact.id).order_by(LeadRow.id)
    query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    return (await session.scalars(query)).all()


async def _lock_attempts(session: AsyncSession, contact: ContactRow, leads: Sequence[LeadRow]) -> Sequence[AttemptRow]:
    """Calls to the number, and calls of these leads to a number that they had before."""
    lead_ids = [lead.id for lead in leads]
    query = select(AttemptRow).where(or_(AttemptRow.contact_id == contact.id, AttemptRow.lead_id.in_(lead_ids)))
    query = query.order_by(AttemptRow.lead_id, AttemptRow.number).with_for_update(key_share=True).options(*LONG_COLUMNS)
    return (await session.scalars(query.execution_options(populate_existing=True))).all()


def _empty_contact(contact: ContactRow, now: datetime) -> None:
    contact.phone_number = f"erased:{contact.id}"
    contact.do_not_call_at = contact.do_not_call_at or now
    contact.do_not_call_reason, contact.do_not_call_source = ERASED, ERASURE
    contact.erased_at = now


def _empty_lead(lead: LeadRow, calls: Sequence[AttemptRow], now: datetime) -> None:
    """A lead with a call that isn't settled is done when that is."""
    for column in _LEAD:
        setattr(lead, column, None)
    lead.custom_fields = {}
    lead.open_until = lead.next_attempt_at = None
    lead.cancelled_at = lead.cancelled_at or now
    open_calls = [call for call in calls if call.status != AttemptStatus.DONE]
    if any(call.status != AttemptStatus.GRANTED for call in open_calls):
        lead.hang_up_at = lead.hang_up_at or now
        return
    lead.status, lead.outcome = LeadStatus.DONE, LeadOutcome.ERASED
    lead.blocked_reason = None
    lead.done_at = lead.done_at or now


def _empty_attempt(call: AttemptRow, now: datetime) -> None:
    for column in _OF_ATTEMPTS:
        setattr(call, column, None)
    if call.status == AttemptStatus.GRANTED:
        attempts.close_unrung(call, now=now, reason="erased")
    elif call.status != AttemptStatus.DONE:
        call.look_up_at = now
    call.erased_at = now


async def _empty_inbound_calls(
    session: AsyncSession, contact: ContactRow, leads: Sequence[LeadRow], now: datetime
) -> Sequence[CallAtProvider]:
    """Also those from the number that came in while nobody knew it: they are this person's from now on."""
    row = InboundCallRow
    rang_unknown = and_(row.contact_id.is_(None), row.from_number == contact.phone_number)
    whose = or_(row.contact_id == contact.id, row.lead_id.in_([lead.id for lead in leads]), rang_unknown)
    statement = (
        update(row)
        .where(row.organization_id == contact.organization_id, whose)
        .values(dict.fromkeys(_OF_INBOUND) | {"erased_at": now, "contact_id": contact.id})
        .returning(row.organization_id, row.account_id, row.call_id)
        .execution_options(synchronize_session=False)
    )
    return [CallAtProvider._make(one) for one in await session.execute(statement)]


def _at_provider(calls: Sequence[AttemptRow]) -> Sequence[CallAtProvider]:
    return [
        CallAtProvider(call.organization_id, call.account_id, call.call_id)
        for call in calls
        if call.call_id is not None
    ]


async def _trial_calls(session: AsyncSession, contact: ContactRow, number: str) -> Sequence[CallAtProvider]:
    """Calls to try a campaign that went to this number; only what was reported of them tells which."""
    query = (
        select(TrialCallRow.organization_id, TrialCallRow.account_id, TrialCallRow.call_id)
        .join(WebhookEventRow, WebhookEventRow.call_id == TrialCallRow.call_id)
        .where(TrialCallRow.organization_id == contact.organization_id, _tells_of(contact, number))
        .distinct()
    )
    return [CallAtProvider._make(one) for one in await session.execute(query)]


def _tells_of(contact: ContactRow, number: str) -> Any:  # noqa: ANN401
    """Kept events that no attempt is known for, and that have the number in them."""
    return and_(
        WebhookEventRow.organization_id == contact.organization_id,
        WebhookEventRow.attempt_id.is_(None),
        cast(WebhookEventRow.payload, Text).contains(number, autoescape=True),
    )


async def _empty_events(
    session: AsyncSession,
    contact: ContactRow,
    number: str,
    attempt_ids: Sequence[UUID],
    calls: Sequence[CallAtProvider],
    now: datetime,
) -> None:
    """Their keys stay, so that a repeat is known to be one, and brings nothing back."""
    event = WebhookEventRow
    of_calls = and_(
        event.organization_id == contact.organization_id, event.call_id.in_([call.call_id for call in calls])
    )
    whose = or_(event.attempt_id.in_(attempt_ids), of_calls, _tells_of(contact, number))
    statement = update(event).where(whose).values(payload={}, emptied_at=now)
    await session.execute(statement.execution_options(synchronize_session=False))


async def _empty_what_was_sent(
    session: AsyncSession, contact: ContactRow, number: str, leads: Sequence[LeadRow]
) -> None:
    """Answers that were kept to be repeated, and rows of files that were no leads."""
    answer, ids = IdempotencyKeyRow.answer, [str(lead.id) for lead in leads]
    holds = or_(cast(answer, Text).contains(number, autoescape=True), cast(answer, JSONB)["id"].astext.in_(ids))
    kept = update(IdempotencyKeyRow).where(IdempotencyKeyRow.organization_id == contact.organization_id, holds)
    kept = kept.values(answer=None, status_code=None, request_hash="")
    await session.execute(kept.execution_options(synchronize_session=False))
    row, digits = LeadImportRejectionRow, national_digits(number)
    mine = select(LeadImportRow.id).where(LeadImportRow.organization_id == contact.organization_id)
    written = func.regexp_replace(func.array_to_string(row.cells, "|"), "[^0-9|]", "", "g")
    rejected = update(row).where(row.import_id.in_(mine), written.contains(digits, autoescape=True))
    await session.execute(rejected.values(cells=[]).execution_options(synchronize_session=False))


async def _empty_what_was_answered(
    session: AsyncSession, contact: ContactRow, leads: Sequence[LeadRow], calls: Sequence[AttemptRow]
) -> None:
    """By systems that were told of the person."""
    came_in = await session.scalars(select(InboundCallRow.id).where(InboundCallRow.contact_id == contact.id))
    await event_deliveries.forget_responses(
        session, [*(lead.id for lead in leads), *(call.id for call in calls), *came_in]
    )
