"""Keys of machines."""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from storage.models import ApiKeyRow
from storage.pages import Cursor, Page, fetch_page

NOTED_EVERY = timedelta(minutes=1)
"""When a key was used last is written no more often."""


async def valid_key(session: AsyncSession, key_hash: str, *, now: datetime) -> ApiKeyRow | None:
    """The key of this hash, unless it was revoked or has expired."""
    return await session.scalar(select(ApiKeyRow).where(ApiKeyRow.key_hash == key_hash, *_valid(now)))


async def valid_keys(session: AsyncSession, key_ids: Collection[UUID], *, now: datetime) -> Collection[UUID]:
    """Those of them that may still be used."""
    return (await session.scalars(select(ApiKeyRow.id).where(ApiKeyRow.id.in_(key_ids), *_valid(now)))).all()


async def note_use(session: AsyncSession, key: ApiKeyRow, *, now: datetime) -> None:
    """Write that the key is used now, unless that was written less than a minute ago."""
    before = now - NOTED_EVERY
    if key.last_used_at is not None and key.last_used_at > before:
        return
    is_due = or_(ApiKeyRow.last_used_at.is_(None), ApiKeyRow.last_used_at <= before)
    await session.execute(update(ApiKeyRow).where(ApiKeyRow.id == key.id, is_due).values(last_used_at=now))


async def keys_page(
    session: AsyncSession, organization_id: UUID, *, limit: int, after: Cursor | None
) -> Page[ApiKeyRow]:
    statement = select(ApiKeyRow).where(ApiKeyRow.organization_id == organization_id)
    page = await fetch_page(session, statement, (ApiKeyRow.created_at, ApiKeyRow.id), limit=limit, after=after)
    return Page([row[0] for row in page.items], page.next_cursor)


async def lock_key(session: AsyncSession, organization_id: UUID, key_id: UUID) -> ApiKeyRow | None:
    mine = (ApiKeyRow.id == key_id, ApiKeyRow.organization_id == organization_id)
    return await session.scalar(select(ApiKeyRow).where(*mine).with_for_update(key_share=True))


def _valid(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (ApiKeyRow.revoked_at.is_(None), or_(ApiKeyRow.expires_at.is_(None), ApiKeyRow.expires_at > now))
