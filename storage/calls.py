"""Attempts as people read them: the list of calls, one call."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.models import AttemptRow, ContactRow
from storage.pages import Cursor, Page, fetch_page


@dataclass(frozen=True, slots=True)
class CallRecord:
    attempt: AttemptRow
    phone_number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFilter:
    status: str | None = None
    outcome: str | None = None
    disposition: str | None = None
    campaign_id: UUID | None = None
    lead_id: UUID | None = None


async def list_calls(
    session: AsyncSession, organization_id: UUID, wanted: CallFilter, *, limit: int, after: Cursor | None
) -> Page[CallRecord]:
    """One page of attempts, the newest grant first."""
    statement = _with_number().where(AttemptRow.organization_id == organization_id)
    for name in ("status", "outcome", "disposition", "campaign_id", "lead_id"):
        value = getattr(wanted, name)
        if value is not None:
            statement = statement.where(getattr(AttemptRow, name) == value)
    page = await fetch_page(session, statement, (AttemptRow.created_at, AttemptRow.id), limit=limit, after=after)
    return Page([CallRecord(row[0], row[1]) for row in page.items], page.next_cursor)


async def get_call(session: AsyncSession, organization_id: UUID, call_id: str) -> CallRecord | None:
    """The attempt with the provider's ``call_id``."""
    query = _with_number().where(AttemptRow.call_id == call_id, AttemptRow.organization_id == organization_id)
    row = (await session.execute(query)).first()
    return CallRecord(row[0], row[1]) if row else None


def _with_number() -> Select[AttemptRow, str]:
    return select(AttemptRow, ContactRow.phone_number).join(ContactRow, ContactRow.id == AttemptRow.contact_id)
