"""Leads: reading, handing over to the engine, cancelling."""

import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Uuid, any_, bindparam, func, literal, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from domain.vocabulary import LeadOutcome, LeadStatus
from storage.compare_and_set import Read, version_of
from storage.looks import Look, Looking
from storage.models import AttemptRow, ContactRow, InboundCallRow, LeadRow
from storage.pages import Cursor, Page, fetch_page
from storage.rows_read import RowsOf


@dataclass(frozen=True, slots=True)
class LeadRecord:
    """A lead as people read it."""

    lead: LeadRow
    phone_number: str
    attempts: Sequence[AttemptRow] = ()
    inbound_calls: Sequence[InboundCallRow] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadFilter:
    """Which leads a list shows; ``q`` is looked for in names, numbers and external ids."""

    status: str | None = None
    outcome: str | None = None
    disposition: str | None = None
    campaign_id: UUID | None = None
    source: str | None = None
    q: str | None = None


async def get_lead(session: AsyncSession, organization_id: UUID, lead_id: UUID) -> LeadRecord | None:
    """The lead with its calls."""
    return (await get_leads(session, organization_id, [lead_id])).get(lead_id)


async def calls_of_lead(
    session: AsyncSession, record: LeadRecord, *, has_attempts: bool, has_inbound: bool
) -> LeadRecord:
    """The same lead with its calls, of which nothing is asked where it is known that there were none."""
    lead_id = record.lead.id
    attempts = (await _attempts(session, [lead_id]))[lead_id] if has_attempts else ()
    rang = (await _inbound_calls(session, [lead_id]))[lead_id] if has_inbound else ()
    return LeadRecord(record.lead, record.phone_number, attempts, rang)


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


async def list_leads(
    session: AsyncSession, organization_id: UUID, wanted: LeadFilter, *, limit: int, after: Cursor | None
) -> Page[LeadRecord]:
    """One page of leads, newest first, without their attempts."""
    statement = matching_leads(select(LeadRow, ContactRow.phone_number), organization_id, wanted)
    page = await fetch_page(session, statement, (LeadRow.created_at, LeadRow.id), limit=limit, after=after)
    return Page([LeadRecord(row[0], row[1]) for row in page.items], page.next_cursor)


def matching_leads(
    statement: Select[*tuple[Any, ...]], organization_id: UUID, wanted: LeadFilter
) -> Select[*tuple[Any, ...]]:
    """A statement on leads, cut down to those that are wanted; their contacts are joined to it."""
    statement = statement.join(ContactRow, ContactRow.id == LeadRow.contact_id)
    statement = statement.where(LeadRow.organization_id == organization_id)
    for name in ("status", "outcome", "disposition", "campaign_id", "source"):
        value = getattr(wanted, name)
        if value is not None:
            statement = statement.where(getattr(LeadRow, name) == value)
    if wanted.q is not None:
        statement = statement.where(_mentions(organization_id, wanted.q))
    return statement


async def custom_field_names(
    session: AsyncSession, organization_id: UUID, wanted: LeadFilter, *, limit: int
) -> Sequence[str]:
    """The names of all custom fields of these leads, in order; at most ``limit``."""
    statement = matching_leads(select(func.jsonb_object_keys(LeadRow.custom_fields)), organization_id, wanted)
    names = (await session.scalars(statement.distinct().limit(limit))).all()
    return sorted(str(name) for name in names)


def _mentions(organization_id: UUID, q: str) -> ColumnElement[bool]:
    """Whether a lead's name or number has ``q`` in it, or its external id is just that."""
    in_name, in_number = LeadRow.name.ilike(_pattern(q)), ContactRow.phone_number.like(_pattern(q))
    if len(q) < _SHORTEST_INDEXED:
        # Nearly everybody has two given letters: going through the list in its order finds a page at once.
        return or_(in_name, in_number, LeadRow.external_id == q)
    # Each by an index of its own, which neither a condition on both tables together nor a query behind the wall between
    # organisations could use (migration 2026_11_28_row_security).
    mentioning = func.leads_mentioning(literal(organization_id, Uuid()), _pattern(q), q, type_=Uuid())
    return LeadRow.id.in_(select(mentioning.column_valued("mentioning")))


def _pattern(q: str) -> str:
    return f"%{_SPECIAL.sub(_ESCAPED, q)}%"


_SHORTEST_INDEXED = 3  # what is shorter has no three characters in a row, of which the indexes are made
_SPECIAL, _ESCAPED = re.compile(r"([\\%_])"), r"\\\1"


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


_WITH_VERSION = Look(
    select(*_LEADS.columns, version_of(LeadRow)).where(LeadRow.id == bindparam("lead_id", type_=Uuid()))
)


async def read_lead(via: Looking, lead_id: UUID) -> Read[LeadRow] | None:
    """A lead as it is, locked by nobody. No session knows this row."""
    row = await _WITH_VERSION.first(via, lead_id=lead_id)
    return None if row is None else Read(_LEADS.made_of(row[:-1]), row[-1])


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
