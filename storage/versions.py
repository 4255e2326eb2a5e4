"""Whether something is still as it was, without reading it: the transactions that wrote its rows last.

PostgreSQL notes with each row which transaction wrote it (``xmin``), so another number means that a row was written,
and the same one that it wasn't. Long columns are never fetched for it.

Source: PostgreSQL 18, 5.6, system columns.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, literal_column, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession

from storage.calls import CallFilter
from storage.inbound_lists import AnyCall, CallColumns, call_of, page_of_calls
from storage.leads import LeadFilter, LeadRecord, matching_leads
from storage.models import AttemptRow, ContactRow, InboundCallRow, LeadRow
from storage.pages import Cursor, Page, fetch_page

Version = Sequence[object]


@dataclass(frozen=True, slots=True)
class LeadVersion:
    """``version`` is of the lead's row, its contact's and its calls'; ``record`` is as it was then, without the calls.

    ``has_attempts``, ``has_inbound``: whether there were calls of the one kind and of the other.
    """

    record: LeadRecord
    version: Version
    has_attempts: bool
    has_inbound: bool


async def version_of_lead(session: AsyncSession, organization_id: UUID, lead_id: UUID) -> LeadVersion | None:
    """The lead and its version in one statement; None when there is no such lead."""
    attempts = select(func.string_agg(_ATTEMPT, aggregate_order_by(literal_column("','"), AttemptRow.number)))
    of_lead = attempts.where(AttemptRow.lead_id == LeadRow.id).scalar_subquery()
    inbound = select(func.string_agg(_INBOUND, aggregate_order_by(literal_column("','"), InboundCallRow.id)))
    rang = inbound.where(InboundCallRow.lead_id == LeadRow.id).scalar_subquery()
    query = select(LeadRow, ContactRow.phone_number, _LEAD, _CONTACT, of_lead, rang)
    query = query.join(ContactRow, ContactRow.id == LeadRow.contact_id)
    query = query.where(LeadRow.id == lead_id, LeadRow.organization_id == organization_id)
    row = (await session.execute(query)).first()
    if row is None:
        return None
    lead, phone_number, *version = row
    *_, written_attempts, written_inbound = version
    return LeadVersion(
        LeadRecord(lead, phone_number),
        tuple(version),
        has_attempts=written_attempts is not None,
        has_inbound=written_inbound is not None,
    )


async def version_of_leads(
    session: AsyncSession, organization_id: UUID, wanted: LeadFilter, *, limit: int, after: Cursor | None
) -> Version:
    """Of one page of leads."""
    statement = matching_leads(select(*_OF_LEAD), organization_id, wanted)
    page = await fetch_page(session, statement, (LeadRow.created_at, LeadRow.id), limit=limit, after=after)
    return _of_page([row[:-2] for row in page.items], page.next_cursor)


async def leads_with_version(
    session: AsyncSession, organization_id: UUID, wanted: LeadFilter, *, limit: int, after: Cursor | None
) -> tuple[Page[LeadRecord], Version]:
    """One page of leads and its version in one statement, for who hasn't read the page before."""
    statement = matching_leads(select(LeadRow, ContactRow.phone_number, *_OF_LEAD), organization_id, wanted)
    page = await fetch_page(session, statement, (LeadRow.created_at, LeadRow.id), limit=limit, after=after)
    records = [LeadRecord(row[0], row[1]) for row in page.items]
    return Page(records, page.next_cursor), _of_page([row[2:-2] for row in page.items], page.next_cursor)


async def version_of_call(session: AsyncSession, organization_id: UUID, call_id: str) -> Version | None:
    query = select(_ATTEMPT, _CONTACT).select_from(AttemptRow).join(ContactRow, ContactRow.id == AttemptRow.contact_id)
    query = query.where(AttemptRow.call_id == call_id, AttemptRow.organization_id == organization_id)
    row = (await session.execute(query)).first()
    return await _version_of_inbound(session, organization_id, call_id) if row is None else tuple(row)


async def _version_of_inbound(session: AsyncSession, organization_id: UUID, call_id: str) -> Version | None:
    query = select(_INBOUND).select_from(InboundCallRow).order_by(InboundCallRow.created_at).limit(1)
    query = query.where(InboundCallRow.call_id == call_id, InboundCallRow.organization_id == organization_id)
    row = (await session.execute(query)).first()
    return None if row is None else tuple(row)


async def version_of_calls(
    session: AsyncSession, organization_id: UUID, wanted: CallFilter, *, limit: int, after: Cursor | None
) -> Version:
    """Of one page of calls."""
    columns = CallColumns(select(*_OF_CALL), select(*_OF_INBOUND))
    page = await page_of_calls(session, columns, organization_id, wanted, limit=limit, after=after)
    return _of_page([row[:-2] for row in page.items], page.next_cursor)


async def calls_with_version(
    session: AsyncSession, organization_id: UUID, wanted: CallFilter, *, limit: int, after: Cursor | None
) -> tuple[Page[AnyCall], Version]:
    """One page of calls and its version, as ``leads_with_version``."""
    columns = CallColumns(select(AttemptRow, ContactRow.phone_number, *_OF_CALL), select(InboundCallRow, *_OF_INBOUND))
    page = await page_of_calls(session, columns, organization_id, wanted, limit=limit, after=after)
    calls = [call_of(row) for row in page.items]
    told = [row[1 if call is row[0] else 2 : -2] for call, row in zip(calls, page.items, strict=True)]
    return Page(calls, page.next_cursor), _of_page(told, page.next_cursor)


def _of_page(rows: Iterable[Sequence[Any]], next_cursor: Cursor | None) -> Version:
    """``rows``: an id each, and who wrote what is shown of it last."""
    return [*(tuple(row) for row in rows), next_cursor]


def _written_by(table: str) -> ColumnElement[str]:
    return literal_column(f"{table}.xmin::text")


_LEAD, _CONTACT, _ATTEMPT, _INBOUND = (
    _written_by(table.__tablename__) for table in (LeadRow, ContactRow, AttemptRow, InboundCallRow)
)
_OF_LEAD = (LeadRow.id, _LEAD, _CONTACT)
_OF_CALL = (AttemptRow.id, _ATTEMPT, _CONTACT)
_OF_INBOUND = (InboundCallRow.id, _INBOUND)
