"""One lead with everything that decides about it, read under locks.

Rows are locked in the order of ``storage``: organisation, campaign and account (shared), number pool, contact, lead.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import Enum
from uuid import UUID

from sqlalchemy import Uuid, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from domain.vocabulary import AttemptStatus
from storage.models import AccountRow, AttemptRow, CampaignRow, ContactRow, LeadRow, NumberPoolRow, OrganizationRow
from storage.right_of_way import give_way, right_of_way

# What was said is long, and nothing is decided by it.
LONG_COLUMNS = [
    defer(column, raiseload=True)
    for column in (AttemptRow.transcript, AttemptRow.utterances, AttemptRow.analysis, AttemptRow.latency)
]


class PoolLock(Enum):
    """Whether the number pool is locked too, which a transaction must do before it grants a slot."""

    NO = "nothing will be granted"
    IF_FREE = "somebody else may be granting: then nothing will be"
    WAIT = "wait for whoever is granting"


@dataclass(frozen=True, slots=True)
class LeadWithContext:
    """``attempts`` are all of the lead's, by number; ``open_attempt`` is the one that isn't done.

    ``tried``: ids of what is parked and may be dialled through all the same, by a probe.
    """

    organization: OrganizationRow
    account: AccountRow
    campaign: CampaignRow
    pool: NumberPoolRow
    pool_is_locked: bool
    contact: ContactRow
    lead: LeadRow
    attempts: Sequence[AttemptRow]
    tried: Collection[UUID] = ()

    @property
    def open_attempt(self) -> AttemptRow | None:
        return next((attempt for attempt in self.attempts if attempt.status != AttemptStatus.DONE), None)


class LeadMoved(RuntimeError):  # noqa: N818  (says what happened, as in the house's other error trees)
    """What was locked isn't what decides about the lead any more."""


async def lock_lead(
    session: AsyncSession, lead_id: UUID, *, pool_lock: PoolLock = PoolLock.NO, to_probe: bool = False
) -> LeadWithContext | None:
    """Read and lock a lead and what decides about it; None when there is no such lead.

    Args:
        to_probe: Campaign and account are locked for oneself and not shared: one probe at a time is granted.

    Raises:
        LeadMoved: the lead changed its campaign or its number meanwhile; roll back and ask again.
    """
    # The numbers that lead to the other rows never change while a workflow of the lead is open, except for the
    # campaign of a moved lead; the lead's own lock comes last, so what was read before it is compared again.
    keys = (await session.execute(_KEYS_TO_PROBE if to_probe else _KEYS, {"lead_id": lead_id})).first()
    if keys is None:
        return None
    wanted = {"campaign_id": keys.campaign_id}
    if to_probe:
        await session.execute(_ORGANIZATION, wanted)
    owners = await session.execute(_OWNERS_TO_PROBE if to_probe else _OWNERS, wanted)
    organization, campaign, account = owners.one()
    pool, pool_is_locked = await _read_pool(session, campaign.number_pool_id, pool_lock)
    contact = (await session.scalars(_CONTACT, {"contact_id": keys.contact_id})).one()
    lead = (await session.scalars(_LEAD, {"lead_id": lead_id})).one()
    if (lead.campaign_id, lead.contact_id) != (keys.campaign_id, keys.contact_id):
        raise LeadMoved("the lead was moved while its rows were being locked; nothing was done, ask again")
    attempts = (await session.scalars(_ATTEMPTS, {"lead_id": lead_id})).all()
    return LeadWithContext(organization, account, campaign, pool, pool_is_locked, contact, lead, attempts)


async def _read_pool(session: AsyncSession, pool_id: UUID, lock: PoolLock) -> tuple[NumberPoolRow, bool]:
    if lock is not PoolLock.NO:
        pool = await session.scalar(_LOCKED_POOL[lock], {"pool_id": pool_id})
        if pool is not None:
            return pool, True
    return (await session.scalars(_POOL, {"pool_id": pool_id})).one(), False


# Made once: every decision needs them, and putting them together costs more than what they find.
_LEAD_ID = bindparam("lead_id", type_=Uuid())

_WHERE_IT_IS = select(LeadRow.campaign_id, LeadRow.contact_id).where(LeadRow.id == _LEAD_ID)
_KEYS = _WHERE_IT_IS.add_columns(give_way(LeadRow.organization_id))
_KEYS_TO_PROBE = _WHERE_IT_IS.add_columns(right_of_way(LeadRow.organization_id))

_OF_CAMPAIGN = (
    select(OrganizationRow, CampaignRow, AccountRow)
    .join(CampaignRow, CampaignRow.organization_id == OrganizationRow.id)
    .join(NumberPoolRow, NumberPoolRow.id == CampaignRow.number_pool_id)
    .join(AccountRow, AccountRow.id == NumberPoolRow.account_id)
    .where(CampaignRow.id == bindparam("campaign_id", type_=Uuid()))
    .execution_options(populate_existing=True)
)

_OWNERS = _OF_CAMPAIGN.with_for_update(read=True, of=[OrganizationRow, CampaignRow, AccountRow])
_ORGANIZATION = _OF_CAMPAIGN.with_for_update(read=True, of=OrganizationRow)
_OWNERS_TO_PROBE = _OF_CAMPAIGN.with_for_update(key_share=True, of=[CampaignRow, AccountRow])

_POOL = (
    select(NumberPoolRow)
    .where(NumberPoolRow.id == bindparam("pool_id", type_=Uuid()))
    .execution_options(populate_existing=True)
)

_LOCKED_POOL = {
    lock: _POOL.with_for_update(key_share=True, skip_locked=lock is PoolLock.IF_FREE)
    for lock in (PoolLock.IF_FREE, PoolLock.WAIT)
}

_CONTACT = (
    select(ContactRow)
    .where(ContactRow.id == bindparam("contact_id", type_=Uuid()))
    .with_for_update(key_share=True)
    .execution_options(populate_existing=True)
)

_LEAD = (
    select(LeadRow)
    .where(LeadRow.id == _LEAD_ID)
    .with_for_update(key_share=True)
    .execution_options(populate_existing=True)
)

_ATTEMPTS = (
    select(AttemptRow)
    .where(AttemptRow.lead_id == _LEAD_ID)
    .order_by(AttemptRow.number)
    .options(*LONG_COLUMNS)
    .with_for_update(key_share=True)
    .execution_options(populate_existing=True)
)
