"""Answers kept under an ``Idempotency-Key``, so that a repeated request gets the answer of the first one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.models import IdempotencyKeyRow

KEPT = timedelta(hours=24)
"""A key may be used for something else after this time."""


class KeyInUse(Exception):  # noqa: N818 - says what happened
    """Another request with this key is still under way: ask again in a moment."""


class KeyOfAnotherRequest(Exception):  # noqa: N818 - says what happened
    """The key was used for a request with another body: take a new one."""


@dataclass(frozen=True, slots=True)
class RequestKey:
    """What a key stands for: the same one is another's in another organisation, and at another address."""

    organization_id: UUID
    route: str
    key: str


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    status_code: int
    answer: Mapping[str, Any]
    location: str | None = None


async def kept_answer(session: AsyncSession, key: RequestKey, request_hash: str, *, now: datetime) -> KeptAnswer | None:
    """The answer that was given under this key, or None: then the caller works and calls ``keep_answer``.

    Takes the key for this transaction, so that of two requests at once only one works. A crash leaves nothing behind:
    the key is free as soon as the connection is gone.

    Raises:
        KeyInUse: another transaction has taken the key.
        KeyOfAnotherRequest: the key was kept for another body.
    """
    taken = await session.scalar(select(func.pg_try_advisory_xact_lock(_lock_number(key))))
    if not taken:
        raise KeyInUse
    row = await session.scalar(select(IdempotencyKeyRow).where(*_mine(key)))
    if row is None:
        return None
    if row.created_at < now - KEPT:
        await session.execute(delete(IdempotencyKeyRow).where(*_mine(key)))
        return None
    if row.request_hash != request_hash or row.status_code is None or row.answer is None:
        raise KeyOfAnotherRequest
    return KeptAnswer(row.status_code, row.answer, row.location)


def keep_answer(session: AsyncSession, key: RequestKey, request_hash: str, kept: KeptAnswer, *, now: datetime) -> None:
    """Keep what the caller is about to answer; it stands when the caller commits."""
    session.add(
        IdempotencyKeyRow(
            organization_id=key.organization_id,
            route=key.route,
            key=key.key,
            request_hash=request_hash,
            status_code=kept.status_code,
            answer=dict(kept.answer),
            location=kept.location,
            created_at=now,
        )
    )


def _mine(key: RequestKey) -> tuple[Any, ...]:
    row = IdempotencyKeyRow
    return (row.organization_id == key.organization_id, row.route == key.route, row.key == key.key)


def _lock_number(key: RequestKey) -> int:
    """PostgreSQL's advisory locks are 64-bit numbers."""
    named = key.organization_id.bytes + f"{key.route}\n{key.key}".encode()
    return int.from_bytes(sha256(named).digest()[:8], "big", signed=True)
