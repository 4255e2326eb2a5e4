"""Calls that the provider is to delete: a work list that outlasts every outage, in which each call stands once.

A row that somebody is at work on is leased to him until ``try_at``; who dies loses it then.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.vocabulary import AttemptStatus
from storage.accounts import ADDRESS, AccountAddress
from storage.models import AccountRow, AttemptRow, CallDeletionRow, InboundCallRow
from storage.models.erasure import TO_DELETE


class CallAtProvider(NamedTuple):
    organization_id: UUID
    account_id: UUID
    call_id: str


class CallToDelete(NamedTuple):
    """``is_open``: our own row of it isn't settled; what the provider knows of its end is still needed."""

    id: UUID
    call_id: str
    tries: int
    is_open: bool
    account: AccountAddress


@dataclass(frozen=True, slots=True)
class DeletionProgress:
    pending: int
    deleted: int
    oldest_pending_at: datetime | None
    last_problem: str | None


async def order(session: AsyncSession, calls: Collection[CallAtProvider], now: datetime) -> None:
    """Have the provider delete these calls; the caller commits. Safe to repeat: what was ordered stays as it is."""
    if not calls:
        return
    rows = [{"id": uuid4(), "try_at": now, "created_at": now, **call._asdict()} for call in sorted(set(calls))]
    await session.execute(insert(CallDeletionRow).values(rows).on_conflict_do_nothing())


async def is_ordered(session: AsyncSession, account_id: UUID, call_id: str) -> bool:
    """Whether the call is one of a person who was erased."""
    which = exists().where(CallDeletionRow.account_id == account_id, CallDeletionRow.call_id == call_id)
    return bool(await session.scalar(select(which)))


async def claim(session: AsyncSession, *, now: datetime, until: datetime, limit: int) -> Sequence[CallToDelete]:
    """Lease calls that are to be deleted now. Whoever asks at the same moment gets others."""
    due = (
        select(CallDeletionRow.id)
        .where(TO_DELETE, CallDeletionRow.try_at <= now)
        .order_by(CallDeletionRow.try_at)
        .limit(limit)
        .with_for_update(key_share=True, skip_locked=True)
        .cte("due")
        .prefix_with("MATERIALIZED")
    )
    statement = (
        update(CallDeletionRow)
        .where(CallDeletionRow.id == due.c.id, AccountRow.id == CallDeletionRow.account_id)
        .values(try_at=until)
        .returning(CallDeletionRow.id, CallDeletionRow.call_id, CallDeletionRow.tries, _is_open(), *ADDRESS)
        .execution_options(synchronize_session=False)
    )
    rows = (await session.execute(statement)).all()
    return [CallToDelete._make((*row[:4], AccountAddress._make(row[4:]))) for row in rows]


async def mark_deleted(session: AsyncSession, deletion_id: UUID, now: datetime) -> None:
    """The provider has it no more. The first instant stands."""
    statement = update(CallDeletionRow).where(CallDeletionRow.id == deletion_id, TO_DELETE)
    await session.execute(statement.values(deleted_at=now, problem=None))


async def put_off(
    session: AsyncSession, deletion_id: UUID, *, again_at: datetime, problem: str | None, counts: bool
) -> None:
    """Try it again then."""
    statement = update(CallDeletionRow).where(CallDeletionRow.id == deletion_id, TO_DELETE)
    tries = CallDeletionRow.tries + int(counts)
    await session.execute(statement.values(try_at=again_at, problem=problem, tries=tries))


async def progress_of(session: AsyncSession, organization_id: UUID) -> DeletionProgress:
    """How far the provider has come with the organisation's calls."""
    mine = CallDeletionRow.organization_id == organization_id
    pending = func.count().filter(CallDeletionRow.deleted_at.is_(None))
    oldest = func.min(CallDeletionRow.created_at).filter(CallDeletionRow.deleted_at.is_(None))
    row = (await session.execute(select(pending, func.count(), oldest).where(mine))).one()
    problem = select(CallDeletionRow.problem).where(mine, CallDeletionRow.problem.is_not(None), TO_DELETE)
    last = await session.scalar(problem.order_by(CallDeletionRow.try_at.desc()).limit(1))
    return DeletionProgress(row[0], row[1] - row[0], row[2], last)


def _is_open() -> ColumnElement[bool]:
    of_attempt = exists().where(AttemptRow.call_id == CallDeletionRow.call_id, AttemptRow.status != AttemptStatus.DONE)
    came_in = exists().where(
        InboundCallRow.account_id == CallDeletionRow.account_id,
        InboundCallRow.call_id == CallDeletionRow.call_id,
        InboundCallRow.status != AttemptStatus.DONE,
    )
    return or_(of_attempt, came_in)
