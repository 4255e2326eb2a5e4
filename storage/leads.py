"""Leads: reading, handing over to the engine, cancelling."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, Uuid, any_, bindparam, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from domain.vocabulary import LeadOutcome, LeadStatus
from storage.call_lists import ListedInboundCall, attempts_of_lead, inbound_calls_of_lead
from storage.calls import ListedAttempt
from storage.looks import Look, Looking, Via
from storage.models import AttemptRow, ContactRow, InboundCallRow, LeadRow
from storage.rows_read import RowsOf


@dataclass(frozen=True, slots=True)
class LeadRecord:
    """A lead as people read it."""

    lead: LeadRow
    phone_number: str
    attempts: Sequence[AttemptRow] = ()
    inbound_calls: Sequence[InboundCallRow] = ()


@dataclass(frozen=True, slots=True)
class ShownLead:
    """A lead as people read it, of whose calls no more is read than what they are shown."""

    lead: LeadRow
    phone_number: str
    attempts: Sequence[ListedAttempt]
    inbound_calls: Sequence[ListedInboundCall]


async def get_lead(session: AsyncSession, organization_id: UUID, lead_id: UUID) -> LeadRecord | None:
    """The lead with its calls."""
    return (await get_leads(session, organization_id, [lead_id])).get(lead_id)


async def with_its_calls(via: Via, record: LeadRecord, *, has_attempts: bool, has_inbound: bool) -> ShownLead:
    """The same lead with its calls, of which nothing is asked where it is known that there were none."""
    lead_id = record.lead.id
    attempts = await attempts_of_lead(via, lead_id) if has_attempts else ()
    rang = await inbound_calls_of_lead(via, lead_id) if has_inbound else ()
    return ShownLead(record.lead, record.phone_number, attempts, rang)


async def get_leads(
    session: AsyncSession, organization_id: UUID, lead_ids: Sequence[UUID]
) -> Mapping[UUID, LeadRecord]:
    """Those of the leads that exist in this organisation, with attempts by number and the person's own calls.

    Three statements.
    """
    query = _with_number().where(LeadRow.id.in_(lead_ids), LeadRow.organization_id == organization_id)
    rows = (await session.execute(query)).all()
    found = [lead.id for lead, _ in rows]
    attempts, rang = await _attempts(session, found), await _inbound_calls(session, found)
    return {lead.id: LeadRecord(lead, phone_number, attempts[lead.id], rang[lead.id]) for lead, phone_number in rows}


async def _attempts(session: AsyncSession, lead_ids: Sequence[UUID]) -> Mapping[UUID, Sequence[AttemptRow]]:
    attempts: defaultdict[UUID, list[AttemptRow]] = defaultdict(list)
    query = select(AttemptRow).where(AttemptRow.lead_id.in_(lead_ids))
    for attempt in await session.scalars(query.order_by(AttemptRow.number)):
        attempts[attempt.lead_id].append(attempt)
    return attempts


async def _inbound_calls(session: AsyncSession, lead_ids: Sequence[UUID]) -> Mapping[UUID, Sequence[InboundCallRow]]:
    calls: defaultdict[UUID, list[InboundCallRow]] = defaultdict(list)
    query = select(InboundCallRow).where(InboundCallRow.lead_id.in_(lead_ids))
    for call in await session.scalars(query.order_by(InboundCallRow.created_at, InboundCallRow.id)):
        if call.lead_id is not None:
            calls[call.lead_id].append(call)
    return calls


async def owns_lead(session: AsyncSession, organization_id: UUID, lead_id: UUID) -> bool:
    query = select(LeadRow.id).where(LeadRow.id == lead_id, LeadRow.organization_id == organization_id)
    return await session.scalar(query) is not None


async def lock_row(session: AsyncSession, lead_id: UUID) -> LeadRow:
    """Read and lock a lead alone; its contact's lock comes before."""
    return await session.get_one(LeadRow, lead_id, with_for_update={"key_share": True}, populate_existing=True)


_LEADS = RowsOf(LeadRow)
_LOCK_FREE = Look(
    select(*_LEADS.columns)
    .where(LeadRow.id == any_(bindparam("lead_ids", type_=ARRAY(Uuid))))
    .with_for_update(key_share=True, skip_locked=True)
)


async def lock_free_rows(via: Looking, lead_ids: Collection[UUID]) -> Mapping[UUID, LeadRow]:
    """Read and lock those of these leads that nobody else has locked, without waiting for the others.

    No session knows these rows.
    """
    rows = [_LEADS.made_of(row) for row in await _LOCK_FREE.rows(via, lead_ids=list(lead_ids))]
    return {lead.id: lead for lead in rows}


async def follow_dispositions(session: AsyncSession, lead: LeadRow) -> None:
    """Write into a locked lead's row what the last of its calls meant that meant anything."""
    query = select(AttemptRow.disposition).where(AttemptRow.lead_id == lead.id, AttemptRow.disposition.is_not(None))
    last = await session.scalar(query.order_by(AttemptRow.number.desc()).limit(1))
    lead.disposition = last or lead.disposition


async def open_runs_of_contact(session: AsyncSession, contact_id: UUID) -> Sequence[tuple[UUID, int]]:
    """The lead and the run of each workflow that still goes on for this contact."""
    query = select(LeadRow.id, LeadRow.run).where(
        LeadRow.contact_id == contact_id, LeadRow.status != LeadStatus.DONE, LeadRow.handed_over_at.is_not(None)
    )
    return [(row[0], row[1]) for row in await session.execute(query)]


def cancel_lead(lead: LeadRow, *, now: datetime, hang_up: bool, call_is_open: bool) -> None:
    """Stop calling this lead; callers hold its contact's and its own lock. Safe to repeat.

    A lead with an open call is done when that call is; ``hang_up`` has the call ended at once.
    """
    if lead.status == LeadStatus.DONE:
        return
    lead.cancelled_at = lead.cancelled_at or now
    if call_is_open:
        lead.hang_up_at = lead.hang_up_at or (now if hang_up else None)
        return
    lead.status = LeadStatus.DONE
    lead.outcome = LeadOutcome.CANCELLED
    lead.done_at = now
    lead.due_at = None
    lead.next_attempt_at = None
    lead.waiting_for = None


def end_by_ringing_back(lead: LeadRow, outcome: LeadOutcome, *, now: datetime, call_is_open: bool) -> None:
    """The person rang by themselves, which ends this run; callers hold its contact's and its own lock. Safe to repeat.

    A lead with an open call of ours is done when that is over; a request that wasn't sent yet doesn't leave any more.
    """
    if lead.status == LeadStatus.DONE:
        return
    lead.rang_back = outcome
    if call_is_open:
        return
    lead.status = LeadStatus.DONE
    lead.outcome = outcome
    lead.done_at = now
    lead.earliest_at = lead.due_at = lead.open_until = lead.next_attempt_at = lead.waiting_for = None


def _with_number() -> Select[LeadRow, str]:
    return select(LeadRow, ContactRow.phone_number).join(ContactRow, ContactRow.id == LeadRow.contact_id)
