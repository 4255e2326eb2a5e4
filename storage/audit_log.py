"""Who did what, as it is read."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.models import ApiKeyRow, AuditEntryRow, UserRow
from storage.pages import Cursor, Page, fetch_page


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """``since`` is included, ``until`` isn't."""

    action: str | None = None
    user_id: UUID | None = None
    api_key_id: UUID | None = None
    target_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """``email``, ``key_name``: of whoever did it, as they are called today; neither where the system itself did."""

    row: AuditEntryRow
    email: str | None
    key_name: str | None


async def audit_page(
    session: AsyncSession, organization_id: UUID, wanted: AuditFilter, *, limit: int, after: Cursor | None
) -> Page[AuditEntry]:
    query: Select[*tuple[Any, ...]] = select(AuditEntryRow, UserRow.email, ApiKeyRow.name)
    query = query.outerjoin(UserRow, UserRow.id == AuditEntryRow.user_id)
    query = query.outerjoin(ApiKeyRow, ApiKeyRow.id == AuditEntryRow.api_key_id)
    query = _matching(query.where(AuditEntryRow.organization_id == organization_id), wanted)
    key = (AuditEntryRow.created_at, AuditEntryRow.id)
    page = await fetch_page(session, query, key, limit=limit, after=after)
    return Page([AuditEntry(row[0], row[1], row[2]) for row in page.items], page.next_cursor)


def _matching(query: Select[*tuple[Any, ...]], wanted: AuditFilter) -> Select[*tuple[Any, ...]]:
    for name in ("action", "user_id", "api_key_id", "target_id"):
        value = getattr(wanted, name)
        if value is not None:
            query = query.where(getattr(AuditEntryRow, name) == value)
    if wanted.since is not None:
        query = query.where(AuditEntryRow.created_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(AuditEntryRow.created_at < wanted.until)
    return query
