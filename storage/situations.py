"""One lead with everything that decides about it, read under locks.

Rows are locked in the order of ``storage``: organisation, campaign and account (shared), number pool, contact, lead.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Uuid, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from domain.vocabulary import AttemptStatus
from storage.looks import Look
from storage.models import AccountRow, AttemptRow, CampaignRow, ContactRow, LeadRow, NumberPoolRow, OrganizationRow
from storage.right_of_way import give_way, right_of_way
from storage.rows_read import RowsOf, write_pending

# What was said is long, and nothing is decided by it.
_LONG = ("transcript", "utterances", "analysis", "latency")
LONG_COLUMNS = [defer(getattr(AttemptRow, name), raiseload=True) for name in _LONG]


class PoolLock(Enum):
    """Whether the number pool is locked too, which a transaction must do before it grants a slot."""

    NO = "nothing will be granted"
    IF_FREE = "somebody else may be granting: then nothing will be"
    WAIT = "wait for whoever is granting"


class FoundLead(NamedTuple):
    """A lead as it stood before its locks, and the ids of what decides about it."""

    lead_id: UUID
    campaign_id: UUID
    contact_id: UUID
    number_pool_id: UUID
    status: str
    run: int


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
    found = await find_lead(session, lead_id, to_probe=to_probe)
    return None if found is None else await lock_found(session, found, pool_lock=pool_lock, to_probe=to_probe)


async def lock_lead_of_attempt(session: AsyncSession, attempt_id: UUID) -> LeadWithContext | None:
    """As ``lock_lead``, for who knows one of its attempts; None when there is no such attempt."""
    await write_pending(session)
    row = await _FOUND_BY_ATTEMPT.first(session, attempt_id=attempt_id)
    return None if row is None else await lock_found(session, FoundLead(*row[1:]))


async def find_lead(session: AsyncSession, lead_id: UUID, *, to_probe: bool = False) -> FoundLead | None:
    """Where the lead stands, before any lock; waits for those who change what decides about it.

    For a transaction that then locks it by ``lock_found``.
    """
    await write_pending(session)
    row = await (_FOUND_TO_PROBE if to_probe else _FOUND).first(session, lead_id=lead_id)
    return None if row is None else FoundLead(*row[1:])


async def lock_found(
    session: AsyncSession, found: FoundLead, *, pool_lock: PoolLock = PoolLock.NO, to_probe: bool = False
) -> LeadWithContext:
    """As ``lock_lead``, for who has found the lead in the same transaction and locked nothing since."""
    # The numbers that lead to the other rows never change while a workflow of the lead is open, except for the
    # campaign of a moved lead; the lead's own lock comes last, so what was read before it is compared again.
    wanted = {"lead_id": found.lead_id, "campaign_id": found.campaign_id, "contact_id": found.contact_id}
    row = await _LOCKED[pool_lock, to_probe].first(session, **wanted)
    pool_is_locked = row is not None and pool_lock is not PoolLock.NO
    if row is None and pool_lock is PoolLock.IF_FREE:
        row = await _LOCKED[PoolLock.NO, to_probe].first(session, **wanted)
    if row is None:
        raise LeadMoved(_MOVED)
    values = iter(row)
    organization = _ORGANIZATIONS.next_known_to(session, values)
    campaign = _CAMPAIGNS.next_known_to(session, values)
    account = _ACCOUNTS.next_known_to(session, values)
    pool = _POOLS.next_known_to(session, values)
    contact = _CONTACTS.next_known_to(session, values)
    lead = _LEADS.next_known_to(session, values)
    if (lead.campaign_id, lead.contact_id) != (found.campaign_id, found.contact_id):
        raise LeadMoved(_MOVED)
    attempts = [_ATTEMPT_ROWS.known_to(session, one) for one in await _ATTEMPTS.rows(session, lead_id=found.lead_id)]
    return LeadWithContext(organization, account, campaign, pool, pool_is_locked, contact, lead, attempts)


def _where_it_stands(way: ColumnElement[Any]) -> Select[Any]:
    """``way``: the lock that comes before all others; what is beside it was read before that was waited for."""
    stands = (LeadRow.campaign_id, LeadRow.contact_id, CampaignRow.number_pool_id, LeadRow.status, LeadRow.run)
    return select(way, LeadRow.id, *stands).join(CampaignRow, CampaignRow.id == LeadRow.campaign_id)


def _locked(pool_lock: PoolLock, *, to_probe: bool) -> Select[Any]:
    """All rows in one statement, which locks them one after the other, in the order in which they are named.

    PostgreSQL takes the clauses, and the tables within each, as they come. A row for which it had to wait is read
    again as it is then, and so is every later one.
    """
    if to_probe:
        query = _ROWS.with_for_update(read=True, of=OrganizationRow)
        query = query.suffix_with("FOR NO KEY UPDATE OF campaigns, accounts")
    else:
        query = _ROWS.with_for_update(read=True, of=[OrganizationRow, CampaignRow, AccountRow])
    return query.suffix_with(_POOL_CLAUSES[pool_lock], "FOR NO KEY UPDATE OF contacts, leads")


# Made once: every decision needs them, and putting them together costs more than what they find.
_LEAD_ID = bindparam("lead_id", type_=Uuid())

_FOUND = Look(_where_it_stands(give_way(LeadRow.organization_id)).where(LeadRow.id == _LEAD_ID))
_FOUND_TO_PROBE = Look(_where_it_stands(right_of_way(LeadRow.organization_id)).where(LeadRow.id == _LEAD_ID))
_FOUND_BY_ATTEMPT = Look(
    _where_it_stands(give_way(LeadRow.organization_id))
    .join(AttemptRow, AttemptRow.lead_id == LeadRow.id)
    .where(AttemptRow.id == bindparam("attempt_id", type_=Uuid()))
)

_ORGANIZATIONS, _CAMPAIGNS, _ACCOUNTS = RowsOf(OrganizationRow), RowsOf(CampaignRow), RowsOf(AccountRow)
_POOLS, _CONTACTS, _LEADS = RowsOf(NumberPoolRow), RowsOf(ContactRow), RowsOf(LeadRow)

_ROWS = (
    select(*_ORGANIZATIONS.columns, *_CAMPAIGNS.columns, *_ACCOUNTS.columns)
    .add_columns(*_POOLS.columns, *_CONTACTS.columns, *_LEADS.columns)
    .select_from(OrganizationRow)
    .join(CampaignRow, CampaignRow.organization_id == OrganizationRow.id)
    .join(NumberPoolRow, NumberPoolRow.id == CampaignRow.number_pool_id)
    .join(AccountRow, AccountRow.id == NumberPoolRow.account_id)
    .join(ContactRow, ContactRow.id == bindparam("contact_id", type_=Uuid()))
    .join(LeadRow, LeadRow.id == _LEAD_ID)
    .where(CampaignRow.id == bindparam("campaign_id", type_=Uuid()))
)

_POOL_CLAUSES = {
    PoolLock.NO: "",
    PoolLock.IF_FREE: "FOR NO KEY UPDATE OF number_pools SKIP LOCKED",
    PoolLock.WAIT: "FOR NO KEY UPDATE OF number_pools",
}

_LOCKED = {
    (pool_lock, to_probe): Look(_locked(pool_lock, to_probe=to_probe))
    for pool_lock in PoolLock
    for to_probe in (False, True)
}

_ATTEMPT_ROWS = RowsOf(AttemptRow, but=_LONG)

# After the lead's lock: whoever held it may have written some.
_ATTEMPTS = Look(
    select(*_ATTEMPT_ROWS.columns)
    .where(AttemptRow.lead_id == _LEAD_ID)
    .order_by(AttemptRow.number)
    .with_for_update(key_share=True)
)

_MOVED = "the lead was moved while its rows were being locked; nothing was done, ask again"
