"""Accounts whose calls are followed by asking: by one worker at a time, and no more often than agreed."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.vocabulary import AttemptStatus
from storage.accounts import ADDRESS, AccountAddress
from storage.models import AccountRow, AttemptRow, FollowedAccountRow

_SENT = (AttemptStatus.DIALLING, AttemptStatus.UNCONFIRMED, AttemptStatus.IN_PROGRESS)


class OpenCall(NamedTuple):
    """An attempt whose request left and that isn't settled. ``has_ended``: only its analysis is waited for."""

    attempt_id: UUID
    is_unconfirmed: bool
    has_ended: bool


async def accounts_to_follow(session: AsyncSession, providers: Collection[str]) -> Sequence[AccountAddress]:
    """Accounts of these providers with a call that isn't settled."""
    query = (
        select(*ADDRESS)
        .join(AttemptRow, AttemptRow.account_id == AccountRow.id)
        .where(AccountRow.provider.in_(providers), AttemptRow.status.in_(_SENT))
        .distinct()
    )
    return [AccountAddress(*row) for row in await session.execute(query)]


async def take_turn(session: AsyncSession, account_id: UUID, *, now: datetime, asked_before: datetime) -> bool:
    """Be the one who asks now; False where somebody asked at or after ``asked_before``. The caller commits."""
    statement = insert(FollowedAccountRow).values(account_id=account_id, asked_at=now)
    statement = statement.on_conflict_do_update(
        index_elements=["account_id"],
        set_={"asked_at": statement.excluded.asked_at},
        where=FollowedAccountRow.asked_at < asked_before,
    )
    return (await session.execute(statement.returning(FollowedAccountRow.account_id))).first() is not None


async def open_calls(session: AsyncSession, account_id: UUID, *, limit: int) -> Sequence[OpenCall]:
    """Those that began first come first."""
    query = (
        select(AttemptRow.id, AttemptRow.status == AttemptStatus.UNCONFIRMED, AttemptRow.ended_at.is_not(None))
        .where(AttemptRow.account_id == account_id, AttemptRow.status.in_(_SENT))
        .order_by(AttemptRow.first_sent_at)
        .limit(limit)
    )
    return [OpenCall(*row) for row in await session.execute(query)]
