"""Numbers of people who were erased: nobody can read them any more, and nobody calls them again.

A number is known again by its HMAC under a random key of its organisation, which stands beside the hashes: whoever
has the one has the other, so that no lost secret makes erased people callable (decision 26).
"""

import hmac
import secrets
from collections.abc import Collection, Mapping
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from sqlalchemy import Select, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from storage.models import SuppressionKeyRow, SuppressionRow

KEY_BYTES = 32


async def suppress(session: AsyncSession, organization_id: UUID, phone_number: str, now: datetime) -> None:
    """Never call this number (E.164) again. Callers hold its contact's lock and commit. Safe to repeat."""
    new_key = insert(SuppressionKeyRow).values(organization_id=organization_id, key=secrets.token_bytes(KEY_BYTES))
    await session.execute(new_key.on_conflict_do_nothing())
    key = await session.scalar(_key_of(organization_id))
    if key is None:
        msg = "a key that was just made is gone"
        raise RuntimeError(msg)
    hashed = {"number_hash": _hash(key, phone_number), "suppressed_at": now}
    new = insert(SuppressionRow).values(organization_id=organization_id, **hashed)
    await session.execute(new.on_conflict_do_nothing())


async def suppressed_at(
    session: AsyncSession, organization_id: UUID, phone_numbers: Collection[str]
) -> Mapping[str, datetime]:
    """Since when those of these numbers that are never called again aren't."""
    key = await session.scalar(_key_of(organization_id)) if phone_numbers else None
    if key is None:
        return {}
    numbers = {_hash(key, number): number for number in phone_numbers}
    query = select(SuppressionRow.number_hash, SuppressionRow.suppressed_at).where(
        SuppressionRow.organization_id == organization_id, SuppressionRow.number_hash.in_(numbers)
    )
    return {numbers[row[0]]: row[1] for row in await session.execute(query)}


async def is_suppressed(session: AsyncSession, organization_id: UUID, phone_number: str) -> bool:
    return bool(await suppressed_at(session, organization_id, [phone_number]))


async def lift(session: AsyncSession, organization_id: UUID, phone_number: str) -> bool:
    """The number may be called again; whether it might not before. The caller commits."""
    key = await session.scalar(_key_of(organization_id))
    if key is None:
        return False
    gone = delete(SuppressionRow).where(
        SuppressionRow.organization_id == organization_id, SuppressionRow.number_hash == _hash(key, phone_number)
    )
    return (await session.execute(gone.returning(SuppressionRow.number_hash))).first() is not None


def _key_of(organization_id: UUID) -> Select[bytes]:
    return select(SuppressionKeyRow.key).where(SuppressionKeyRow.organization_id == organization_id)


def _hash(key: bytes, phone_number: str) -> bytes:
    return hmac.new(key, phone_number.encode(), sha256).digest()
