"""Slots: how many live calls still fit, and when the next request may leave, under every cap there is.

A slot is held by an attempt row from its grant until ``slot_released_at``. Callers hold the pool's lock, and the other
caps are counted under the locks of ``storage.paces``, so what is counted here stays true until they commit.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    DateTime,
    ScalarSelect,
    Select,
    Uuid,
    and_,
    bindparam,
    case,
    func,
    not_,
    or_,
    select,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from domain.decision import PACE_HORIZON
from domain.ramp import distance
from domain.situation import Capacity
from domain.vocabulary import CampaignStatus
from storage.caller_ids import day_of, earliest_use, free_again_at
from storage.looks import Look, Via
from storage.models import AccountRow, AttemptRow, CampaignRow, NumberPoolRow, OrganizationRow
from storage.paces import (
    ACCOUNT_CAP,
    book,
    is_campaign_paced_beyond,
    is_paced_beyond,
    limits_on,
    lock_pace,
    pace_of,
)

IS_LIVE = AttemptRow.slot_released_at.is_(None)

NO_NUMBER = "a number to call from (all of the pool's rest or have made their calls of the day)"


@dataclass(frozen=True, slots=True)
class RoomSeen:
    """``is_full``: by live calls. ``is_paced``: calls a second hold it up. ``numbers_rest``: all of its numbers do."""

    is_full: bool
    is_paced: bool
    numbers_rest: bool

    @property
    def is_free(self) -> bool:
        return not (self.is_full or self.is_paced or self.numbers_rest)

    @property
    def nothing(self) -> Capacity:
        """What whoever saw no room may have: nothing, and of what."""
        return Capacity(free_slots=0, lacking=NO_NUMBER) if self.numbers_rest else Capacity(free_slots=0)


async def capacity(
    session: AsyncSession,
    pool: NumberPoolRow,
    campaign: CampaignRow,
    account: AccountRow,
    organization: OrganizationRow,
    *,
    now: datetime,
) -> Capacity:
    """What a decision may grant under the pool's lock, which its caller holds; locks the other limits too."""
    free_at = pool.next_dial_at or now
    asked_for = max(free_at, now)
    live, number_free_at = await _POOL_COUNTED.first(session, number_pool_id=pool.id, **day_of(asked_for)) or (0, None)
    free_slots = pool.max_live_calls - live
    for limits in limits_on(pool, campaign, account, organization, now):
        paced = await lock_pace(session, limits.owner_id)
        if limits.max_live_calls is not None:
            live = await _live_calls(session, limits.counted_by, limits.owner_id)
            free_slots = min(free_slots, limits.max_live_calls - live)
        if limits.calls_per_second is not None:
            free_at = max(free_at, paced or now)
    if free_at > asked_for:
        number_free_at, asked_for = await free_again_at(session, pool.id, free_at), free_at
    if number_free_at is not None and number_free_at > asked_for:
        return Capacity(free_slots=0, lacking=NO_NUMBER)
    return Capacity(free_slots=free_slots, next_dial_at=free_at)


async def no_room(via: Via, number_pool_id: UUID, now: datetime) -> Capacity:
    """What somebody may have who gets no slot whatever is free: nothing, and of what; seen without a lock."""
    if await free_again_at(via, number_pool_id, now) is not None:
        return Capacity(free_slots=0, lacking=NO_NUMBER)
    return Capacity(free_slots=0)


async def take_pace(
    session: AsyncSession,
    pool: NumberPoolRow,
    campaign: CampaignRow,
    account: AccountRow,
    organization: OrganizationRow,
    leaves_at: datetime,
    *,
    now: datetime,
) -> datetime:
    """Book the instant at which a request leaves, so that the next one keeps its distance (calls a second).

    Callers have just asked for the ``capacity`` at ``now``, in the same transaction.

    Returns:
        The earliest instant that is free then for another request of the pool; callers write it into the pool's row.
    """
    for limits in limits_on(pool, campaign, account, organization, now):
        await book(session, limits, leaves_at)
    return leaves_at + distance(pool.max_calls_per_second, leaves_at, pool.released_at, account.released_at)


async def see_room(via: Via, number_pool_id: UUID, *, dial_by: datetime) -> RoomSeen:
    """Whether the pool seems to have a free slot for a dial until ``dial_by``, seen without a lock.

    A hint that spares those who come in vain the wait for the pool's lock; the grant itself counts again under it.
    """
    row = await _ROOM.first(via, number_pool_id=number_pool_id, dial_by=dial_by, **day_of(dial_by))
    if row is None:
        return RoomSeen(is_full=True, is_paced=False, numbers_rest=False)
    is_full, is_paced, number_free_at = row
    return RoomSeen(is_full, is_paced, number_free_at is not None and number_free_at > dial_by)


async def has_room(via: Via, number_pool_id: UUID, *, dial_by: datetime) -> bool:
    """As ``see_room``, for who needn't know what it lacks."""
    return (await see_room(via, number_pool_id, dial_by=dial_by)).is_free


async def held_up_until(via: Via, number_pool_id: UUID, now: datetime) -> datetime | None:
    """When somebody should look again who finds no room now: calls a second or the numbers hold the pool up till then.

    None when it isn't a matter of time.
    """
    row = await _HELD_UP.first(via, number_pool_id=number_pool_id, now=now, **day_of(now))
    paced, number_free_at = row or (None, None)
    waits = [
        None if paced is None else paced - PACE_HORIZON,
        number_free_at if number_free_at is not None and number_free_at > now else None,
    ]
    return max((instant for instant in waits if instant is not None), default=None)


def _with_owners(query: Select[Any]) -> Select[Any]:
    return (
        query.select_from(NumberPoolRow)
        .join(AccountRow, AccountRow.id == NumberPoolRow.account_id)
        .join(OrganizationRow, OrganizationRow.id == NumberPoolRow.organization_id)
        .where(NumberPoolRow.id == _POOL_ID)
    )


async def _live_calls(session: AsyncSession, counted_by: InstrumentedAttribute[UUID], owner_id: UUID) -> int:
    live: int = await _LIVE_CALLS[counted_by.key].value(session, owner_id=owner_id)
    return live


def live_calls_of(counted_by: InstrumentedAttribute[UUID], owner_id: InstrumentedAttribute[UUID]) -> ScalarSelect[int]:
    """In a query of owners: how many slots are held under each. ``counted_by``: the attempts' column that names it."""
    return select(func.count()).where(counted_by == owner_id, IS_LIVE).scalar_subquery()


def _is_below(
    cap: ColumnElement[int | None] | InstrumentedAttribute[int | None],
    counted_by: InstrumentedAttribute[UUID],
    owner_id: InstrumentedAttribute[UUID],
) -> ColumnElement[bool]:
    return or_(cap.is_(None), cap > live_calls_of(counted_by, owner_id))


def _room() -> Select[Any]:
    dial_by = bindparam("dial_by", type_=DateTime(timezone=True))
    is_below_every_cap = and_(
        NumberPoolRow.max_live_calls > live_calls_of(AttemptRow.number_pool_id, NumberPoolRow.id),
        _is_below(ACCOUNT_CAP, AttemptRow.account_id, AccountRow.id),
        _is_below(OrganizationRow.max_live_calls, AttemptRow.organization_id, OrganizationRow.id),
    )
    is_paced = or_(
        func.coalesce(NumberPoolRow.next_dial_at, dial_by) > dial_by,
        is_paced_beyond(AccountRow, dial_by),
        is_paced_beyond(OrganizationRow, dial_by),
    )
    return _with_owners(
        select(
            not_(is_below_every_cap).label("is_full"),
            is_paced.label("is_paced"),
            earliest_use().scalar_subquery().label("number_free_at"),
        )
    )


def _paced_beyond() -> Select[datetime | None]:
    """The earliest instant that is free for a request of the pool, where that lies beyond the horizon."""
    latest = func.greatest(
        NumberPoolRow.next_dial_at,
        case((AccountRow.max_calls_per_second.is_not(None), pace_of(AccountRow))),
        case((OrganizationRow.max_calls_per_second.is_not(None), pace_of(OrganizationRow))),
    )
    return _with_owners(select(latest)).where(latest > _HORIZON)


def _campaign_paced_beyond() -> Select[datetime | None]:
    """As ``_paced_beyond``, for the first of the pool's campaigns that waits for its own pace."""
    return select(func.min(pace_of(CampaignRow))).where(
        CampaignRow.number_pool_id == _POOL_ID,
        CampaignRow.status == CampaignStatus.RUNNING,
        is_campaign_paced_beyond(_HORIZON, _NOW),
    )


# Asked for by every lead in a crowd: made once, since putting them together costs more than what they find.
_POOL_ID = bindparam("number_pool_id", type_=Uuid())
_NOW = bindparam("now", type_=DateTime(timezone=True))
_HORIZON = _NOW + PACE_HORIZON

_LIVE_CALLS = {
    counted_by.key: Look(select(func.count()).where(counted_by == bindparam("owner_id", type_=Uuid()), IS_LIVE))
    for counted_by in (AttemptRow.campaign_id, AttemptRow.account_id, AttemptRow.organization_id)
}
_POOL_COUNTED = Look(
    select(
        select(func.count()).where(AttemptRow.number_pool_id == _POOL_ID, IS_LIVE).scalar_subquery(),
        earliest_use().scalar_subquery(),
    )
)
_ROOM = Look(_room())
_HELD_UP = Look(
    select(
        func.coalesce(
            _paced_beyond().correlate(None).scalar_subquery(),
            _campaign_paced_beyond().correlate(None).scalar_subquery(),
        ),
        earliest_use().scalar_subquery(),
    )
)
