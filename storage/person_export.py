"""All that is known of one number in one organisation, row by row as it is stored."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Text, and_, cast, false, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.phone_numbers import national_digits
from storage.contacts import get_contact
from storage.do_not_call_lists import lists_of_number
from storage.models import (
    AttemptRow,
    AuditEntryRow,
    Base,
    IdempotencyKeyRow,
    InboundCallRow,
    LeadImportRejectionRow,
    LeadImportRow,
    LeadRow,
    TrialCallRow,
    WebhookEventRow,
)
from storage.suppressions import suppressed_at

Document = Mapping[str, Any]

# The provider's link and where a recording lies are for nobody's eyes; the API's own link is given instead.
_HIDDEN = frozenset({"recording_url", "recording_path", "request_hash", "organization_id"})


async def all_of_number(session: AsyncSession, organization_id: UUID, phone_number: str) -> Document:
    """The document of a number (E.164). Empty lists where nothing is known."""
    contact = await get_contact(session, organization_id, phone_number)
    of_contact = false() if contact is None else LeadRow.contact_id == contact.id
    leads = await _rows(session, LeadRow, organization_id, of_contact)
    lead_ids = [lead.id for lead in leads]
    made = AttemptRow.lead_id.in_(lead_ids)
    attempts = await _rows(
        session,
        AttemptRow,
        organization_id,
        made if contact is None else or_(made, AttemptRow.contact_id == contact.id),
    )
    came_in = InboundCallRow.lead_id.in_(lead_ids)
    rang_unknown = and_(InboundCallRow.contact_id.is_(None), InboundCallRow.from_number == phone_number)
    by_contact = false() if contact is None else InboundCallRow.contact_id == contact.id
    inbound = await _rows(session, InboundCallRow, organization_id, or_(came_in, rang_unknown, by_contact))
    call_ids = [call.call_id for call in (*attempts, *inbound) if call.call_id is not None]
    events = await _rows(session, WebhookEventRow, organization_id, _events(phone_number, attempts, call_ids))
    targets = [*lead_ids, *(call.id for call in attempts), *([] if contact is None else [contact.id])]
    suppressed = await suppressed_at(session, organization_id, [phone_number])
    lists = await lists_of_number(session, organization_id, phone_number)
    return {
        "phone_number": phone_number,
        "suppressed_since": _value(suppressed.get(phone_number)),
        "contact": None if contact is None else written(contact),
        "leads": [written(row) for row in leads],
        "calls": [_call(row) for row in attempts],
        "inbound_calls": [written(row) for row in inbound],
        "trial_calls": [written(row) for row in await _trial_calls(session, organization_id, events)],
        "do_not_call_lists": [written(row) for row in lists],
        "webhook_events": [written(row) for row in events],
        "audit_log": [
            written(row)
            for row in await _rows(session, AuditEntryRow, organization_id, AuditEntryRow.target_id.in_(targets))
        ],
        "kept_answers": [
            written(row)
            for row in await _rows(
                session,
                IdempotencyKeyRow,
                organization_id,
                cast(IdempotencyKeyRow.answer, Text).contains(phone_number, autoescape=True),
            )
        ],
        "rejected_import_rows": await _rejected(session, organization_id, phone_number),
    }


def written(row: Base) -> dict[str, Any]:
    """Every column of a row, as JSON has it."""
    names = [name for name in row.__table__.columns.keys() if name not in _HIDDEN]  # noqa: SIM118
    return {name: _value(getattr(row, name)) for name in names}


def _call(row: AttemptRow) -> dict[str, Any]:
    has_recording = row.recording_fetched_at is not None and row.recording_deletion is None
    link = f"/api/v1/calls/{row.call_id}/recording" if has_recording else None
    return written(row) | {"recording": link}


def _value(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, dict | list | int | float | str | None):
        return value
    return str(value)


async def _rows(session: AsyncSession, what: Any, organization_id: UUID, which: ColumnElement[bool]) -> Sequence[Any]:  # noqa: ANN401
    query = select(what).where(what.organization_id == organization_id, which)
    first = what.received_at if what is WebhookEventRow else what.created_at
    return (await session.scalars(query.order_by(first, what.id))).all()


def _events(number: str, attempts: Sequence[AttemptRow], call_ids: Sequence[str]) -> ColumnElement[bool]:
    event = WebhookEventRow
    unmatched = and_(event.attempt_id.is_(None), cast(event.payload, Text).contains(number, autoescape=True))
    return or_(event.attempt_id.in_([call.id for call in attempts]), event.call_id.in_(call_ids), unmatched)


async def _trial_calls(
    session: AsyncSession, organization_id: UUID, events: Sequence[WebhookEventRow]
) -> Sequence[TrialCallRow]:
    which = TrialCallRow.call_id.in_({event.call_id for event in events})
    return await _rows(session, TrialCallRow, organization_id, which)


async def _rejected(session: AsyncSession, organization_id: UUID, phone_number: str) -> list[dict[str, Any]]:
    row = LeadImportRejectionRow
    cells = func.regexp_replace(func.array_to_string(row.cells, "|"), "[^0-9|]", "", "g")
    query = select(row).join(LeadImportRow, LeadImportRow.id == row.import_id)
    query = query.where(
        LeadImportRow.organization_id == organization_id,
        cells.contains(national_digits(phone_number), autoescape=True),
    )
    return [written(one) for one in await session.scalars(query.order_by(row.import_id, row.row_number))]
