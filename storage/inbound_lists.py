"""All calls as people read them, those that went out and those that came in, in one list."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, false, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.calls import CallFilter, CallRecord, get_call, matching_calls
from storage.models import AttemptRow, ContactRow, InboundCallRow
from storage.pages import Cursor, Page, fetch_page

AnyCall = CallRecord | InboundCallRow


async def list_all_calls(
    session: AsyncSession, organization_id: UUID, wanted: CallFilter, *, limit: int, after: Cursor | None
) -> Page[AnyCall]:
    """One page of calls, the newest first."""
    columns = CallColumns(select(AttemptRow, ContactRow.phone_number), select(InboundCallRow))
    page = await page_of_calls(session, columns, organization_id, wanted, limit=limit, after=after)
    return Page([call_of(row) for row in page.items], page.next_cursor)


@dataclass(frozen=True, slots=True)
class CallColumns:
    """What is selected of each of the two tables."""

    outbound: Select[*tuple[Any, ...]]
    inbound: Select[*tuple[Any, ...]]


async def page_of_calls(
    session: AsyncSession,
    columns: CallColumns,
    organization_id: UUID,
    wanted: CallFilter,
    *,
    limit: int,
    after: Cursor | None,
) -> Page[Row[*tuple[Any, ...]]]:
    """Rows of both tables, the newest first. The two share one order, so that one cursor serves both."""
    statement = matching_calls(columns.outbound, organization_id, wanted)
    outbound = await fetch_page(session, statement, (AttemptRow.created_at, AttemptRow.id), limit=limit, after=after)
    statement = matching_inbound(columns.inbound, organization_id, wanted)
    key = (InboundCallRow.created_at, InboundCallRow.id)
    inbound = await fetch_page(session, statement, key, limit=limit, after=after)
    rows = sorted([*outbound.items, *inbound.items], key=_place, reverse=True)
    goes_on = len(rows) > limit or outbound.next_cursor is not None or inbound.next_cursor is not None
    return Page(rows[:limit], Cursor(*_place(rows[limit - 1])) if goes_on else None)


def call_of(row: Row[*tuple[Any, ...]]) -> AnyCall:
    """The call whose row comes first in this one, and for an attempt its number second."""
    return row[0] if isinstance(row[0], InboundCallRow) else CallRecord(row[0], row[1])


def matching_inbound(
    statement: Select[*tuple[Any, ...]], organization_id: UUID, wanted: CallFilter
) -> Select[*tuple[Any, ...]]:
    """A statement on calls that came in, cut down to those that are wanted."""
    statement = statement.where(InboundCallRow.organization_id == organization_id)
    if wanted.direction == "outbound":
        return statement.where(false())
    for name in ("status", "outcome", "disposition", "campaign_id", "lead_id"):
        value = getattr(wanted, name)
        if value is not None:
            statement = statement.where(getattr(InboundCallRow, name) == value)
    return statement


async def get_any_call(session: AsyncSession, organization_id: UUID, call_id: str) -> AnyCall | None:
    """The call with the provider's ``call_id``, whoever rang whom."""
    outbound = await get_call(session, organization_id, call_id)
    if outbound is not None:
        return outbound
    query = select(InboundCallRow).where(
        InboundCallRow.call_id == call_id, InboundCallRow.organization_id == organization_id
    )
    return await session.scalar(query.order_by(InboundCallRow.created_at).limit(1))


def _place(row: Row[*tuple[Any, ...]]) -> tuple[datetime, UUID]:
    return row.page_instant, row.page_id
