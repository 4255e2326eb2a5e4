"""All calls as people read them, those that went out and those that came in, in one list."""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, false, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.calls import CallFilter, CallRecord, get_call, list_calls
from storage.models import InboundCallRow
from storage.pages import Cursor, Page, fetch_page

AnyCall = CallRecord | InboundCallRow


async def list_all_calls(
    session: AsyncSession, organization_id: UUID, wanted: CallFilter, *, limit: int, after: Cursor | None
) -> Page[AnyCall]:
    """One page of calls, the newest first. The two tables share one order, so that one cursor serves both."""
    outbound = await list_calls(session, organization_id, wanted, limit=limit, after=after)
    statement = matching_inbound(select(InboundCallRow), organization_id, wanted)
    key = (InboundCallRow.created_at, InboundCallRow.id)
    page = await fetch_page(session, statement, key, limit=limit, after=after)
    inbound: list[AnyCall] = [row[0] for row in page.items]
    calls = sorted([*outbound.items, *inbound], key=_place, reverse=True)
    goes_on = len(calls) > limit or outbound.next_cursor is not None or page.next_cursor is not None
    return Page(calls[:limit], Cursor(*_place(calls[limit - 1])) if goes_on else None)


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


def _place(call: AnyCall) -> tuple[Any, UUID]:
    row = call if isinstance(call, InboundCallRow) else call.attempt
    return row.created_at, row.id
