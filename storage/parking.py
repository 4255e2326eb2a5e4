"""Accounts, number pools and campaigns that somebody has to see to before they dial again."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, update
from sqlalchemy.ext.asyncio import AsyncSession

from storage.models import AccountRow, CampaignRow, NumberPoolRow

Parkable = type[AccountRow] | type[NumberPoolRow] | type[CampaignRow]


async def park(session: AsyncSession, what: Parkable, row_id: UUID, *, reason: str, now: datetime) -> None:
    """Nothing of this row is dialled until it is released. Safe to repeat: the first reason stands."""
    await session.execute(
        update(what).where(what.id == row_id, what.parked_at.is_(None)).values(parked_at=now, parked_reason=reason)
    )


async def release(session: AsyncSession, what: Parkable, row_id: UUID) -> None:
    await session.execute(update(what).where(what.id == row_id).values(parked_at=None, parked_reason=None))


async def hold_back(session: AsyncSession, number_pool_id: UUID, until: datetime) -> None:
    """The pool dials nobody before ``until``; an earlier booking of calls a second is put off, a later one stays."""
    later = func.greatest(NumberPoolRow.next_dial_at, until)
    await session.execute(update(NumberPoolRow).where(NumberPoolRow.id == number_pool_id).values(next_dial_at=later))
