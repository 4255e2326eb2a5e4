"""Passwords that an admin has reset, until those whose they were have chosen others.

A reset is weighed by the organisations that somebody belongs to. So it is dropped when they join one more or get
another role: all of these lock the person's row, and whoever comes second sees what the first did.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from storage.models import UserRow


async def lock_user(session: AsyncSession, user_id: UUID) -> None:
    """Nobody joins an organisation with this account, nor changes its password, until the transaction ends."""
    await session.execute(select(UserRow.id).where(UserRow.id == user_id).with_for_update())


async def put_reset(
    session: AsyncSession, user_id: UUID, *, reset_hash: str, password_hash: str, expires_at: datetime
) -> None:
    """From the commit on neither password nor tokens hold. ``password_hash``: of what nobody knows."""
    reset = update(UserRow).where(UserRow.id == user_id)
    reset = reset.values(
        password_hash=password_hash,
        token_version=UserRow.token_version + 1,
        reset_hash=reset_hash,
        reset_expires_at=expires_at,
    )
    await session.execute(reset)


async def is_reset(session: AsyncSession, reset_hash: str, *, now: datetime) -> bool:
    query = select(UserRow.id).where(UserRow.reset_hash == reset_hash, UserRow.reset_expires_at > now)
    return await session.scalar(query) is not None


async def take_reset(session: AsyncSession, reset_hash: str, password_hash: str, *, now: datetime) -> UUID | None:
    """Use it up for another password: of two who do so at once, one is told whose it was."""
    taken = update(UserRow).where(UserRow.reset_hash == reset_hash, UserRow.reset_expires_at > now)
    taken = taken.values(
        password_hash=password_hash,
        token_version=UserRow.token_version + 1,
        reset_hash=None,
        reset_expires_at=None,
    )
    return await session.scalar(taken.returning(UserRow.id))


async def drop_reset(session: AsyncSession, user_id: UUID) -> None:
    """A reset that there may be holds no more; one that is being made is waited for."""
    dropped = update(UserRow).where(UserRow.id == user_id).values(reset_hash=None, reset_expires_at=None)
    await session.execute(dropped)
