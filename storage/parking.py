"""Accounts, number pools and campaigns that were parked at a refusal: nothing of them is dialled but a probe."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, DateTime, Select, Uuid, bindparam, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.parking import comes_back_by_steps, first_probe_at
from domain.vocabulary import CampaignStatus
from storage.looks import Look, Via
from storage.models import AccountRow, CampaignRow, NumberPoolRow
from storage.right_of_way import take_right_of_way_of
from storage.room import announce_room

Parkable = type[AccountRow] | type[NumberPoolRow] | type[CampaignRow]
ParkableRow = AccountRow | NumberPoolRow | CampaignRow


async def lock(session: AsyncSession, what: Parkable, row_id: UUID) -> ParkableRow:
    """Read and lock it for oneself; several in the order of locks: campaign, account, number pool.

    Of campaigns and accounts it takes the organisation's right of way, so these come before every other lock. A pool
    needs none: no decision holds it shared.
    """
    if what is not NumberPoolRow:
        await take_right_of_way_of(session, what, row_id)
    row: Any = await session.get_one(what, row_id, with_for_update={"key_share": True}, populate_existing=True)
    locked: ParkableRow = row
    return locked


async def park(
    session: AsyncSession, what: Parkable, row_id: UUID, *, reason: str, now: datetime, heard_of: datetime | None = None
) -> bool:
    """Nothing of this row is dialled until it is released, but for probes. Locks it.

    Args:
        heard_of: The instant that the refusal speaks of, ``now`` without one.

    Returns:
        Whether it is parked by this. Not where it was parked before: the first reason stands. Nor where it was released
        after ``heard_of``: what was so before that is known to whoever released it.
    """
    row = await lock(session, what, row_id)
    if row.parked_at is not None or (row.released_at is not None and row.released_at > (heard_of or now)):
        return False
    row.parked_at, row.parked_reason, row.probe_at = now, reason, first_probe_at(reason, now)
    await _announce(session, what, row_id)
    return True


async def release(
    session: AsyncSession, what: Parkable, row_id: UUID, *, now: datetime, parked_before: datetime | None = None
) -> str | None:
    """Let it dial again, and have the free slots of its pools handed on. Locks it; safe to repeat.

    Args:
        parked_before: Only what was parked before this instant is released, since only of that it is known to go.

    Returns:
        The reason for which it was parked; ``None`` where it stays as it is.
    """
    row = await lock(session, what, row_id)
    if row.parked_at is None or (parked_before is not None and row.parked_at >= parked_before):
        return None
    reason = row.parked_reason or ""
    if comes_back_by_steps(reason, row.parked_at, now):
        row.released_at = now
    row.parked_at = row.parked_reason = row.probe_at = None
    await _announce(session, what, row_id)
    return reason


async def is_any_parked(session: AsyncSession, owners: Collection[tuple[Parkable, UUID]]) -> bool:
    """Seen without a lock: it spares those who come in vain the wait for one."""
    parked = (exists().where(what.id == row_id, what.parked_at.is_not(None)) for what, row_id in owners)
    return bool(await session.scalar(select(or_(*parked))))


async def next_probe_at(via: Via, number_pool_id: UUID, now: datetime) -> datetime | None:
    """The first instant after ``now`` at which a call of this pool may try something that is parked."""
    instant: datetime | None = await _NEXT_PROBE.value(via, number_pool_id=number_pool_id, now=now)
    return instant


async def owners_of(session: AsyncSession, campaign_id: UUID) -> tuple[AccountRow, NumberPoolRow, CampaignRow]:
    """All that may be parked of what the campaign's calls go through, as it stands, without locks."""
    query = (
        select(AccountRow, NumberPoolRow, CampaignRow)
        .join(NumberPoolRow, NumberPoolRow.account_id == AccountRow.id)
        .join(CampaignRow, CampaignRow.number_pool_id == NumberPoolRow.id)
        .where(CampaignRow.id == campaign_id)
    )
    account, pool, campaign = (await session.execute(query)).one()
    return account, pool, campaign


def is_parked(owners: Sequence[Parkable]) -> ColumnElement[bool]:
    """In a query of these: whether a call of theirs would be a probe."""
    return or_(*(owner.parked_at.is_not(None) for owner in owners))


def may_be_dialled(owner: Parkable, now: datetime | ColumnElement[datetime]) -> ColumnElement[bool]:
    """In a query of these: whether it isn't parked, or may be tried by a probe."""
    return or_(owner.parked_at.is_(None), owner.probe_at <= now)


async def hold_back(session: AsyncSession, number_pool_id: UUID, until: datetime) -> None:
    """The pool dials nobody before ``until``; an earlier booking of calls a second is put off, a later one stays."""
    later = func.greatest(NumberPoolRow.next_dial_at, until)
    await session.execute(update(NumberPoolRow).where(NumberPoolRow.id == number_pool_id).values(next_dial_at=later))


async def _announce(session: AsyncSession, what: Parkable, row_id: UUID) -> None:
    """To every pool concerned: whoever hands its slots on looks at what may be dialled now, and when to look again."""
    for pool_id in await session.scalars(_pools_of(what, row_id)):
        await announce_room(session, pool_id)


def _pools_of(what: Parkable, row_id: UUID) -> Select[UUID]:
    if what is AccountRow:
        return select(NumberPoolRow.id).where(NumberPoolRow.account_id == row_id)
    if what is NumberPoolRow:
        return select(NumberPoolRow.id).where(NumberPoolRow.id == row_id)
    return select(CampaignRow.number_pool_id).where(CampaignRow.id == row_id)


def _next_probe() -> Select[datetime]:
    due = func.greatest(AccountRow.probe_at, NumberPoolRow.probe_at, CampaignRow.probe_at)
    return (
        select(func.min(due))
        .select_from(CampaignRow)
        .join(NumberPoolRow, NumberPoolRow.id == CampaignRow.number_pool_id)
        .join(AccountRow, AccountRow.id == NumberPoolRow.account_id)
        .where(
            NumberPoolRow.id == bindparam("number_pool_id", type_=Uuid()),
            CampaignRow.status == CampaignStatus.RUNNING,
            due > bindparam("now", type_=DateTime(timezone=True)),
        )
    )


# Asked for whenever slots were handed on: made once, as the statements of a decision are.
_NEXT_PROBE = Look(_next_probe())
