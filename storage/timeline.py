"""Everything that is known to have happened to a lead, in the order in which it did.

One lead has a few dozen moments, so all are read, in five statements, and put in order here.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.leads import LeadRecord, get_lead
from storage.models import ApiKeyRow, AttemptRow, AuditEntryRow, InboundCallRow, LeadRow, UserRow, WebhookEventRow
from storage.pages import Cursor, Page


@dataclass(frozen=True, slots=True)
class Moment:
    """``id`` is the same each time; ``call_id``: the provider's, of what happened in a call; ``by``: who did it."""

    id: UUID
    at: datetime
    kind: str
    call_id: str | None = None
    by: str | None = None
    details: Mapping[str, Any] | None = None


async def timeline_of(
    session: AsyncSession, organization_id: UUID, lead_id: UUID, *, limit: int, after: Cursor | None
) -> Page[Moment] | None:
    """One page of what happened, the oldest first; None when there is no such lead."""
    record = await get_lead(session, organization_id, lead_id)
    if record is None:
        return None
    moments = sorted(await _moments(session, record), key=_place)
    left = [moment for moment in moments if after is None or _place(moment) > (after.instant, after.row_id)]
    last = left[limit - 1] if len(left) > limit else None
    return Page(left[:limit], None if last is None else Cursor(last.at, last.id))


def _place(moment: Moment) -> tuple[datetime, UUID]:
    return moment.at, moment.id


async def _moments(session: AsyncSession, record: LeadRecord) -> list[Moment]:
    return [
        *_of_lead(record.lead),
        *(moment for attempt in record.attempts for moment in _of_attempt(attempt)),
        *(moment for call in record.inbound_calls for moment in _of_inbound(call)),
        *await _reported(session, record),
        *await _done_by_people(session, record),
    ]


def _of_lead(lead: LeadRow) -> Iterator[Moment]:
    """A lead that was called again forgets when it was done before; its calls tell."""
    happened: dict[str, tuple[datetime | None, Mapping[str, Any]]] = {
        "created": (lead.created_at, {"source": lead.source}),
        "handed_over": (lead.handed_over_at, {"run": lead.run}),
        "planned": (lead.planned_at, _planned(lead)),
        "called_ahead": (lead.called_ahead_at, {}),
        "cancelled": (lead.cancelled_at, {}),
        "hang_up_asked": (lead.hang_up_at, {}),
        "done": (lead.done_at, {"outcome": lead.outcome, "blocked_reason": lead.blocked_reason}),
    }
    return _existing(lead.id, happened)


def _planned(lead: LeadRow) -> Mapping[str, Any]:
    planned = lead.next_attempt_at
    return {"next_attempt_at": None if planned is None else planned.isoformat(), "waiting_for": lead.waiting_for}


def _of_attempt(attempt: AttemptRow) -> Iterator[Moment]:
    number = {"number": attempt.number}
    settled = {"outcome": attempt.outcome, "disposition": attempt.disposition, "counts": attempt.counts}
    happened: dict[str, tuple[datetime | None, Mapping[str, Any]]] = {
        "granted": (attempt.created_at, number | {"from_number": attempt.from_number}),
        "dialled": (attempt.first_sent_at, number),
        "call_begun": (attempt.started_at, number),
        "hang_up_asked": (attempt.hang_up_at, number),
        "call_over": (attempt.ended_at, number | {"disconnection_reason": attempt.disconnection_reason}),
        "settled": (attempt.settled_at, number | settled),
    }
    return _existing(attempt.id, happened, attempt.call_id)


def _of_inbound(call: InboundCallRow) -> Iterator[Moment]:
    settled = {"outcome": call.outcome, "disposition": call.disposition}
    happened: dict[str, tuple[datetime | None, Mapping[str, Any]]] = {
        "rang_in": (call.started_at or call.created_at, {"to_number": call.to_number}),
        "inbound_call_over": (call.ended_at, {"disconnection_reason": call.disconnection_reason}),
        "inbound_settled": (call.settled_at, settled),
    }
    return _existing(call.id, happened, call.call_id)


async def _reported(session: AsyncSession, record: LeadRecord) -> Sequence[Moment]:
    """When we heard of what happened in the calls."""
    event = WebhookEventRow
    query = select(event.id, event.received_at, event.event, event.call_id).where(
        event.attempt_id.in_([attempt.id for attempt in record.attempts])
    )
    rows = await session.execute(query)
    return [Moment(row_id, at, "reported", call_id, details={"event": name}) for row_id, at, name, call_id in rows]


async def _done_by_people(session: AsyncSession, record: LeadRecord) -> Sequence[Moment]:
    targets = [record.lead.id, record.lead.contact_id, *(attempt.id for attempt in record.attempts)]
    query = (
        select(AuditEntryRow, func.coalesce(UserRow.email, ApiKeyRow.name))
        .outerjoin(UserRow, UserRow.id == AuditEntryRow.user_id)
        .outerjoin(ApiKeyRow, ApiKeyRow.id == AuditEntryRow.api_key_id)
        .where(AuditEntryRow.target_id.in_(targets), AuditEntryRow.organization_id == record.lead.organization_id)
    )
    return [
        Moment(entry.id, entry.created_at, entry.action, by=who, details=entry.details)
        for entry, who in await session.execute(query)
    ]


def _existing(
    owner_id: UUID, happened: Mapping[str, tuple[datetime | None, Mapping[str, Any]]], call_id: str | None = None
) -> Iterator[Moment]:
    for kind, (at, details) in happened.items():
        if at is not None:
            yield Moment(uuid5(owner_id, kind), at, kind, call_id, details=details)
