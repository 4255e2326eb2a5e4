"""Whether something is still as it was, without reading it: the transactions that wrote its rows last.

PostgreSQL notes with each row which transaction wrote it (``xmin``), so another number means that a row was written,
and the same one that it wasn't. Long columns are never fetched for it.

Source: PostgreSQL 18, 5.6, system columns.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, func, literal_column, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession

from storage.calls import CallFilter, matching_calls
from storage.inbound_lists import matching_inbound
from storage.leads import LeadFilter, matching_leads
from storage.models import AttemptRow, ContactRow, InboundCallRow, LeadRow
from storage.pages import Cursor, Page, fetch_page

Version = Sequence[object]


@dataclass(frozen=True, slots=True)
class LeadVersion:
    """``version`` is of the lead's row, its contact's and its calls'; ``lead`` is as it was then."""

    lead: LeadRow
    version: Version


async def version_of_lead(session: AsyncSession, organization_id: UUID, lead_id: UUID) -> LeadVersion | None:
    attempts = select(func.string_agg(_ATTEMPT, aggregate_order_by(literal_column("','"), AttemptRow.number)))
    of_lead = attempts.where(AttemptRow.lead_id == LeadRow.id).scalar_subquery()
    inbound = select(func.string_agg(_INBOUND, aggregate_order_by(literal_column("','"), InboundCallRow.id)))
    rang = inbound.where(InboundCallRow.lead_id == LeadRow.id).scalar_subquery()
    query = select(LeadRow, _LEAD, _CONTACT, of_lead, rang).join(ContactRow, ContactRow.id == LeadRow.contact_id)
    query = query.where(LeadRow.id == lead_id, LeadRow.organization_id == organization_id)
    row = (await session.execute(query)).first()
    return None if row is None else LeadVersion(row[0], tuple(row[1:]))


async def version_of_leads(
    session: AsyncSession, organization_id: UUID, wanted: LeadFilter, *, limit: int, after: Cursor | None
) -> Version:
    """Of one page of leads."""
    statement = matching_leads(select(LeadRow.id, _LEAD, _CONTACT), organization_id, wanted)
    return _of_page(await fetch_page(session, statement, (LeadRow.created_at, LeadRow.id), limit=limit, after=after))


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
    statement = matching_calls(select(AttemptRow.id, _ATTEMPT, _CONTACT), organization_id, wanted)
    key = (AttemptRow.created_at, AttemptRow.id)
    version = _of_page(await fetch_page(session, statement, key, limit=limit, after=after))
    inbound = matching_inbound(select(InboundCallRow.id, _INBOUND), organization_id, wanted)
    inbound_key = (InboundCallRow.created_at, InboundCallRow.id)
    return [version, _of_page(await fetch_page(session, inbound, inbound_key, limit=limit, after=after))]


def _of_page(page: Page[Row[Any]]) -> Version:
    return [*(tuple(row) for row in page.items), page.next_cursor]


def _written_by(table: str) -> ColumnElement[str]:
    return literal_column(f"{table}.xmin::text")


_LEAD, _CONTACT, _ATTEMPT, _INBOUND = (
    _written_by(table.__tablename__) for table in (LeadRow, ContactRow, AttemptRow, InboundCallRow)
)
