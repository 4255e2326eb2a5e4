"""The versions of one lead and of one call (``storage/written_by.py``), each read by one statement."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, literal_column, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession

from storage.leads import LeadRecord
from storage.looks import Look, Via, is_given
from storage.models import AttemptRow, ContactRow, InboundCallRow, LeadRow
from storage.rows_read import RowsOf
from storage.written_by import Version, written_by


@dataclass(frozen=True, slots=True)
class LeadVersion:
    """``version`` is of the lead's row, its contact's and its calls'; ``record`` is as it was then, without the calls.

    ``has_attempts``, ``has_inbound``: whether there were calls of the one kind and of the other.
    """

    record: LeadRecord
    version: Version
    has_attempts: bool
    has_inbound: bool


async def version_of_lead(via: Via, organization_id: UUID, lead_id: UUID) -> LeadVersion | None:
    """The lead and its version in one statement; None when there is no such lead. No session knows its row."""
    row = await _LEAD_WITH_VERSION.first(via, lead_id=lead_id, organization_id=organization_id)
    if row is None:
        return None
    *values, phone_number, of_lead, of_contact, written_attempts, written_inbound = row
    return LeadVersion(
        LeadRecord(_LEADS.made_of(values), phone_number),
        (of_lead, of_contact, written_attempts, written_inbound),
        has_attempts=written_attempts is not None,
        has_inbound=written_inbound is not None,
    )


def _lead_with_version() -> Look:
    attempts = select(func.string_agg(_ATTEMPT, aggregate_order_by(literal_column("','"), AttemptRow.number)))
    of_lead = attempts.where(AttemptRow.lead_id == LeadRow.id).scalar_subquery()
    inbound = select(func.string_agg(_INBOUND, aggregate_order_by(literal_column("','"), InboundCallRow.id)))
    rang = inbound.where(InboundCallRow.lead_id == LeadRow.id).scalar_subquery()
    query = select(*_LEADS.columns, ContactRow.phone_number, _LEAD, _CONTACT, of_lead, rang).select_from(LeadRow)
    query = query.join(ContactRow, ContactRow.id == LeadRow.contact_id)
    return Look(query.where(is_given(LeadRow.id, "lead_id"), is_given(LeadRow.organization_id, "organization_id")))


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


_LEAD, _CONTACT, _ATTEMPT, _INBOUND = (written_by(table) for table in (LeadRow, ContactRow, AttemptRow, InboundCallRow))
_LEADS = RowsOf(LeadRow)
_LEAD_WITH_VERSION = _lead_with_version()
