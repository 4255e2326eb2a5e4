"""What the provider itself says of an account's live calls."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.vocabulary import AttemptStatus
from storage.accounts import ADDRESS, AccountAddress
from storage.models import AccountRow, AttemptRow, NumberPoolRow
from storage.paces import account_cap
from storage.right_of_way import take_right_of_way_of
from storage.room import announce_room
from storage.slots import IS_LIVE


class OurCalls(NamedTuple):
    """Slots that calls of an account hold. ``sent``: their requests left; ``taken``: the provider said it has them."""

    sent: int
    taken: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One answer of the provider. ``read_at``: when it was asked. ``overcounted``: it has fewer calls than we hold."""

    limit: int
    reserved: int
    elsewhere: int
    overcounted: bool
    read_at: datetime


async def accounts_to_ask(session: AsyncSession, *, read_before: datetime) -> Sequence[AccountAddress]:
    """Accounts whose figures were never read, or before then."""
    is_old = or_(AccountRow.limits_read_at.is_(None), AccountRow.limits_read_at < read_before)
    query = select(*ADDRESS).where(is_old)
    return [AccountAddress(*row) for row in await session.execute(query)]


async def our_calls(session: AsyncSession, account_id: UUID) -> OurCalls:
    sent = func.count().filter(AttemptRow.first_sent_at.is_not(None))
    taken = func.count().filter(AttemptRow.status == AttemptStatus.IN_PROGRESS)
    query = select(sent, taken).where(AttemptRow.account_id == account_id, IS_LIVE)
    return OurCalls(*(await session.execute(query)).one())


async def longest_taken(session: AsyncSession, account_id: UUID, *, limit: int) -> Sequence[UUID]:
    """The attempts that the provider took first of those that still hold a slot."""
    query = select(AttemptRow.id).where(
        AttemptRow.account_id == account_id, IS_LIVE, AttemptRow.status == AttemptStatus.IN_PROGRESS
    )
    return (await session.scalars(query.order_by(AttemptRow.first_sent_at).limit(limit))).all()


async def write_reading(session: AsyncSession, account_id: UUID, reading: Reading) -> datetime | None:
    """Write the figures down; where more calls may go out by them, the pools of the account are told.

    Grants that are under way end first. An older reading than the one that is there changes nothing.

    Returns:
        Since when we have held more calls than the provider has; ``None`` when we don't.
    """
    await take_right_of_way_of(session, AccountRow, account_id)
    account = await session.get_one(AccountRow, account_id, with_for_update={"key_share": True}, populate_existing=True)
    if account.limits_read_at is not None and account.limits_read_at >= reading.read_at:
        return account.overcounted_since
    before = account_cap(account)
    account.provider_limit = reading.limit
    account.provider_reserved = reading.reserved
    account.provider_elsewhere = reading.elsewhere
    account.limits_read_at = reading.read_at
    account.overcounted_since = (account.overcounted_since or reading.read_at) if reading.overcounted else None
    after = account_cap(account)
    if before is not None and (after is None or after > before):
        await _announce(session, account_id)
    return account.overcounted_since


async def _announce(session: AsyncSession, account_id: UUID) -> None:
    for pool_id in await session.scalars(select(NumberPoolRow.id).where(NumberPoolRow.account_id == account_id)):
        await announce_room(session, pool_id)
