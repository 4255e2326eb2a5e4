"""Accounts whose calls are followed by asking: by one worker at a time, and no more often than agreed."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import and_, or_, select
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.vocabulary import AttemptStatus
from storage.accounts import ADDRESS, AccountAddress
from storage.models import AccountRow, AttemptRow, CallerIdRow, FollowedAccountRow, InboundCallRow, NumberPoolRow

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


class KnownInbound(NamedTuple):
    """What was heard of a call that came in."""

    has_ended: bool
    is_analyzed: bool


async def workspaces(session: AsyncSession, providers: Collection[str]) -> Sequence[AccountAddress]:
    """One account for each workspace of these providers: calls that came in to numbers of no pool are its.

    Where several organisations share the environment's key, it is the default account of the one that was there first.
    """
    shared = select(AccountRow.id).where(AccountRow.provider.in_(providers), AccountRow.is_default)
    first = shared.ext(distinct_on(AccountRow.provider)).order_by(
        AccountRow.provider, AccountRow.created_at, AccountRow.id
    )
    has_own_key = and_(AccountRow.provider.in_(providers), AccountRow.sealed_key.is_not(None))
    query = select(*ADDRESS).where(or_(AccountRow.id.in_(first), has_own_key))
    return [AccountAddress(*row) for row in await session.execute(query.order_by(AccountRow.created_at, AccountRow.id))]


async def accounts_of_numbers(session: AsyncSession, provider: str, numbers: Collection[str]) -> Mapping[str, UUID]:
    """To which account each of these numbers belongs, of those that share the environment's key for this provider."""
    query = (
        select(CallerIdRow.phone_number, NumberPoolRow.account_id)
        .join(NumberPoolRow, NumberPoolRow.id == CallerIdRow.number_pool_id)
        .join(AccountRow, AccountRow.id == NumberPoolRow.account_id)
        .where(
            AccountRow.provider == provider,
            AccountRow.sealed_key.is_(None),
            CallerIdRow.phone_number.in_(numbers),
        )
        .order_by(CallerIdRow.created_at.desc())
    )
    return {row[0]: row[1] for row in await session.execute(query)}


async def take_inbound_turn(
    session: AsyncSession, account_id: UUID, *, now: datetime, asked_before: datetime, reach: timedelta
) -> datetime | None:
    """Be the one who asks now for calls that came in. The caller commits.

    Args:
        reach: How long before the last question calls may have begun of which something is still to be heard.

    Returns:
        From when on to ask; None where somebody asked at or after ``asked_before``.
    """
    row = insert(FollowedAccountRow).values(account_id=account_id, asked_at=now - reach)
    await session.execute(row.on_conflict_do_nothing(index_elements=["account_id"]))
    followed = await session.get_one(FollowedAccountRow, account_id, with_for_update=True, populate_existing=True)
    asked_at = followed.inbound_asked_at
    if asked_at is not None and asked_at >= asked_before:
        return None
    followed.inbound_since = followed.inbound_since or now
    followed.inbound_asked_at = now
    return max(followed.inbound_since, (asked_at or now) - reach)


async def known_inbound(session: AsyncSession, provider: str, call_ids: Collection[str]) -> Mapping[str, KnownInbound]:
    """Those of these calls that are known."""
    query = (
        select(InboundCallRow.call_id, InboundCallRow.ended_at.is_not(None), InboundCallRow.analyzed_at.is_not(None))
        .join(AccountRow, AccountRow.id == InboundCallRow.account_id)
        .where(AccountRow.provider == provider, InboundCallRow.call_id.in_(call_ids))
    )
    return {row[0]: KnownInbound(row[1], row[2]) for row in await session.execute(query)}
