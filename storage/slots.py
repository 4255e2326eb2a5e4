"""Slots: how many live calls still fit, from which number, and when the next request may leave.

A slot is held by an attempt row from its grant until ``slot_released_at``. Callers hold the pool's lock, so what is
counted here stays true until they commit.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.situation import Capacity
from storage.models import AttemptRow, CallerIdRow, CampaignRow, NumberPoolRow


async def capacity(session: AsyncSession, pool: NumberPoolRow, campaign: CampaignRow) -> Capacity:
    """What a decision may grant under the pool's lock, which its caller holds."""
    return Capacity(free_slots=await _free_slots(session, pool, campaign), next_dial_at=pool.next_dial_at)


async def _free_slots(session: AsyncSession, pool: NumberPoolRow, campaign: CampaignRow) -> int:
    """Live calls that still fit under the caps of the pool and of the campaign; may be negative after a cap fell."""
    held = AttemptRow.slot_released_at.is_(None)
    in_pool = await session.scalar(
        select(func.count()).select_from(AttemptRow).where(AttemptRow.number_pool_id == pool.id, held)
    )
    free = pool.max_live_calls - (in_pool or 0)
    if campaign.max_live_calls is None:
        return free
    in_campaign = await session.scalar(
        select(func.count()).select_from(AttemptRow).where(AttemptRow.campaign_id == campaign.id, held)
    )
    return min(free, campaign.max_live_calls - (in_campaign or 0))


async def has_room(session: AsyncSession, number_pool_id: UUID, *, dial_by: datetime) -> bool:
    """Whether the pool seems to have a free slot for a dial until ``dial_by``, seen without a lock.

    A hint that spares those who come in vain the wait for the pool's lock; the grant itself counts again under it.
    """
    live = (
        select(func.count())
        .where(AttemptRow.number_pool_id == number_pool_id, AttemptRow.slot_released_at.is_(None))
        .scalar_subquery()
    )
    query = select(
        (NumberPoolRow.max_live_calls > live) & (func.coalesce(NumberPoolRow.next_dial_at, dial_by) <= dial_by)
    )
    return bool(await session.scalar(query.where(NumberPoolRow.id == number_pool_id)))


async def paced_until(session: AsyncSession, number_pool_id: UUID) -> datetime | None:
    """The earliest instant that is still free for a request of the pool, by calls a second."""
    return await session.scalar(select(NumberPoolRow.next_dial_at).where(NumberPoolRow.id == number_pool_id))


async def choose_caller_id(session: AsyncSession, pool_id: UUID, now: datetime) -> CallerIdRow | None:
    """The pool's least recently used number that isn't resting; None when it has none."""
    query = (
        select(CallerIdRow)
        .where(
            CallerIdRow.number_pool_id == pool_id,
            or_(CallerIdRow.resting_until.is_(None), CallerIdRow.resting_until <= now),
        )
        .order_by(CallerIdRow.last_used_at.asc().nulls_first(), CallerIdRow.position)
        .limit(1)
    )
    return await session.scalar(query)


def take_pace(pool: NumberPoolRow, caller_id: CallerIdRow, leaves_at: datetime) -> None:
    """Book the instant at which a request leaves, so that the next one keeps its distance (calls a second)."""
    pool.next_dial_at = leaves_at + timedelta(seconds=1 / pool.max_calls_per_second)
    caller_id.last_used_at = leaves_at
