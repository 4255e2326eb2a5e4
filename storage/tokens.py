"""Tokens that were taken back one by one, before their time."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from storage.models import RevokedTokenRow


async def revoke_token(session: AsyncSession, token_id: UUID, expires_at: datetime) -> None:
    """Take back one token. Safe to repeat."""
    await session.execute(insert(RevokedTokenRow).values(id=token_id, expires_at=expires_at).on_conflict_do_nothing())


async def revoked_of(session: AsyncSession, token_ids: Collection[UUID]) -> Collection[UUID]:
    """Those of them that were taken back."""
    return (await session.scalars(select(RevokedTokenRow.id).where(RevokedTokenRow.id.in_(token_ids)))).all()
