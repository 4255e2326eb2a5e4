"""What campaigns, accounts and organisations allow at most, and the locks under which that is counted.

One row for each of them in ``paces`` is locked by whoever grants a slot, after the number pool, in the fixed order of
``limits_on``: campaign, account, organisation. The rows that people change are locked shared by every grant, so they
can't be this lock. Whoever sets a cap waits for the grants that are under way and is heard by every later one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Uuid, and_, bindparam, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from domain.live_calls import outbound_cap
from domain.ramp import RAMP, distance, is_ramping
from storage.looks import Look
from storage.models import AccountRow, AttemptRow, CampaignRow, NumberPoolRow, OrganizationRow, PaceRow

Instant = datetime | ColumnElement[datetime]
"""An instant, or in a statement that is made once the parameter or the sum that stands for it."""

ACCOUNT_CAP: ColumnElement[int | None] = func.least(
    AccountRow.max_live_calls,
    AccountRow.provider_limit - func.greatest(AccountRow.provider_reserved, AccountRow.provider_elsewhere, 0),
)
"""Live calls that may go out of an account: ours or the provider's own figure, whichever is lower; null without any.

The provider's is ``domain.live_calls.outbound_cap``, here for many accounts at once.
"""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one of them allows; ``None`` where it doesn't say. ``counted_by``: the attempts' column that names it.

    ``released_at``: it came back then, and its calls a second grow from there.
    """

    owner_id: UUID
    counted_by: InstrumentedAttribute[UUID]
    max_live_calls: int | None
    calls_per_second: float | None
    released_at: datetime | None = None


def limits_on(
    pool: NumberPoolRow, campaign: CampaignRow, account: AccountRow, organization: OrganizationRow, now: datetime
) -> Sequence[Limits]:
    """Those of the three that allow less than everything, in the order in which they are locked."""
    campaign_pace = campaign.max_calls_per_second
    if campaign_pace is None and is_ramping(campaign.released_at, now):
        campaign_pace = pool.max_calls_per_second
    every = (
        Limits(
            campaign.id,
            AttemptRow.campaign_id,
            campaign.max_live_calls,
            campaign_pace,
            released_at=campaign.released_at,
        ),
        Limits(
            account.id,
            AttemptRow.account_id,
            account_cap(account),
            account.max_calls_per_second,
            released_at=account.released_at,
        ),
        Limits(
            organization.id,
            AttemptRow.organization_id,
            organization.max_live_calls,
            organization.max_calls_per_second,
        ),
    )
    return [one for one in every if one.max_live_calls is not None or one.calls_per_second is not None]


def account_cap(account: AccountRow) -> int | None:
    """``ACCOUNT_CAP`` of a row that was read."""
    caps = [] if account.max_live_calls is None else [account.max_live_calls]
    if account.provider_limit is not None:
        reserved, elsewhere = account.provider_reserved or 0, account.provider_elsewhere or 0
        caps.append(outbound_cap(account.provider_limit, reserved, elsewhere))
    return min(caps, default=None)


async def lock_pace(session: AsyncSession, owner_id: UUID) -> datetime | None:
    """Wait for whoever grants under the same limits; then the earliest instant that is still free for a request."""
    row = await _LOCKED_PACE.first(session, owner_id=owner_id)
    if row is None:
        # Only then, one owner at a time: an insert waits for another's insert of the same row, as a lock would.
        await session.execute(insert(PaceRow).values(owner_id=owner_id).on_conflict_do_nothing())
        row = await _LOCKED_PACE.first(session, owner_id=owner_id)
    if row is None:
        msg = "the pace that was just written isn't there: nothing may be granted without its lock"
        raise RuntimeError(msg)
    free_at: datetime | None = row[0]
    return free_at


_LOCKED_PACE = Look(
    select(PaceRow.next_dial_at).where(PaceRow.owner_id == bindparam("owner_id", type_=Uuid())).with_for_update()
)


async def book(session: AsyncSession, limits: Limits, leaves_at: datetime) -> None:
    """A request leaves then: the next one keeps its distance. Callers hold the lock of ``lock_pace``."""
    if limits.calls_per_second is None:
        return
    free_at = leaves_at + distance(limits.calls_per_second, leaves_at, limits.released_at)
    await session.execute(update(PaceRow).where(PaceRow.owner_id == limits.owner_id).values(next_dial_at=free_at))


def pace_of(owner: type[CampaignRow] | type[AccountRow] | type[OrganizationRow]) -> ColumnElement[datetime | None]:
    """In a query of owners: the instant that is still free for a request of each."""
    return select(PaceRow.next_dial_at).where(PaceRow.owner_id == owner.id).scalar_subquery()


def is_paced_beyond(owner: type[AccountRow] | type[OrganizationRow], instant: Instant) -> ColumnElement[bool]:
    """In a query of owners: calls a second leave no instant free until then."""
    return and_(owner.max_calls_per_second.is_not(None), func.coalesce(pace_of(owner) > instant, False))


def is_campaign_paced_beyond(instant: Instant, now: Instant) -> ColumnElement[bool]:
    """In a query of campaigns: as ``is_paced_beyond``; while it is loaded by steps each has a pace of its own."""
    has_pace = or_(CampaignRow.max_calls_per_second.is_not(None), CampaignRow.released_at > now - RAMP)
    return and_(func.coalesce(has_pace, False), func.coalesce(pace_of(CampaignRow) > instant, False))
