"""Calls that came in: whose they are, and their rows. States move forward only."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID, uuid4

from sqlalchemy import Select, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.calls import CallFacts
from domain.ringing_back import FIRST_QUESTION
from domain.vocabulary import AttemptOutcome, AttemptStatus, LeadOutcome
from storage.accounts import ADDRESS, AccountAddress
from storage.literals import written_out
from storage.models import AccountRow, AttemptRow, CampaignRow, InboundCallRow, LeadRow, NumberPoolRow


class OverdueCall(NamedTuple):
    id: UUID
    call_id: str
    account: AccountAddress


async def find_call(session: AsyncSession, account_id: UUID, call_id: str) -> InboundCallRow | None:
    """The call as it stands, without a lock."""
    query = select(InboundCallRow).where(InboundCallRow.account_id == account_id, InboundCallRow.call_id == call_id)
    return await session.scalar(query)


async def lock_call(
    session: AsyncSession,
    account: AccountRow,
    facts: CallFacts,
    *,
    contact_id: UUID | None,
    lead: LeadRow | None,
    now: datetime,
) -> InboundCallRow:
    """Find or make the call's row and lock it; contact and lead are locked before. Whose it was found to be stands."""
    values = {
        "id": uuid4(),
        "organization_id": account.organization_id,
        "account_id": account.id,
        "call_id": facts.call_id,
        "status": AttemptStatus.IN_PROGRESS,
        "look_up_at": now + FIRST_QUESTION,
    }
    made = insert(InboundCallRow).values(values).on_conflict_do_nothing(index_elements=["account_id", "call_id"])
    await session.execute(made)
    query = select(InboundCallRow).where(
        InboundCallRow.account_id == account.id, InboundCallRow.call_id == facts.call_id
    )
    query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    row = (await session.scalars(query)).one()
    if row.erased_at is not None:
        return row
    row.from_number, row.to_number = row.from_number or facts.from_number, row.to_number or facts.to_number
    row.contact_id = row.contact_id or contact_id
    if row.lead_id is None and lead is not None:
        row.lead_id, row.campaign_id = lead.id, lead.campaign_id
    return row


def settle(row: InboundCallRow, *, outcome: AttemptOutcome, now: datetime) -> None:
    """Final: the outcome stands. Callers hold the row's lock."""
    row.status = AttemptStatus.DONE
    row.outcome = outcome
    row.settled_at = now
    row.look_up_at = row.unanswered_since = None


async def latest_lead(session: AsyncSession, account: AccountRow, contact_id: UUID) -> LeadRow | None:
    """The contact's lead that came in or was called last; simulated accounts never meet the leads of real ones."""
    called_at = select(func.max(AttemptRow.first_sent_at)).where(AttemptRow.lead_id == LeadRow.id).scalar_subquery()
    query = (
        _leads_of(account)
        .where(LeadRow.contact_id == contact_id, LeadRow.outcome.is_distinct_from(LeadOutcome.ERASED))
        .order_by(func.greatest(LeadRow.created_at, called_at).desc(), LeadRow.id)
        .limit(1)
    )
    return await session.scalar(query)


async def lead_of_contact(
    session: AsyncSession, account: AccountRow, contact_id: UUID, lead_id: UUID
) -> LeadRow | None:
    """This lead, if it is one of the contact's that calls of this account may be for."""
    return await session.scalar(_leads_of(account).where(LeadRow.contact_id == contact_id, LeadRow.id == lead_id))


async def count_attempts(session: AsyncSession, lead_id: UUID) -> int:
    """How often the lead was to be called so far."""
    return await session.scalar(select(func.count()).where(AttemptRow.lead_id == lead_id)) or 0


def _leads_of(account: AccountRow) -> Select[LeadRow]:
    return (
        select(LeadRow)
        .join(CampaignRow, CampaignRow.id == LeadRow.campaign_id)
        .join(NumberPoolRow, NumberPoolRow.id == CampaignRow.number_pool_id)
        .join(AccountRow, AccountRow.id == NumberPoolRow.account_id)
        .where(LeadRow.organization_id == account.organization_id, AccountRow.provider == account.provider)
    )


async def overdue_calls(session: AsyncSession, *, overdue_before: datetime, limit: int) -> Sequence[OverdueCall]:
    """Calls whose analysis or end should have been heard by now, those first that have waited longest."""
    query = (
        select(InboundCallRow.id, InboundCallRow.call_id, *ADDRESS)
        .join(AccountRow, AccountRow.id == InboundCallRow.account_id)
        .where(InboundCallRow.status != _DONE, InboundCallRow.look_up_at < overdue_before)
        .order_by(InboundCallRow.look_up_at)
        .limit(limit)
    )
    return [OverdueCall(row[0], row[1], AccountAddress._make(row[2:])) for row in await session.execute(query)]


async def put_off(session: AsyncSession, row_id: UUID, *, until: datetime, now: datetime) -> None:
    """The provider couldn't tell; ask again then. Since when it can't is kept."""
    statement = (
        update(InboundCallRow)
        .where(InboundCallRow.id == row_id, InboundCallRow.status != _DONE)
        .values(look_up_at=until, unanswered_since=func.coalesce(InboundCallRow.unanswered_since, now))
        .execution_options(synchronize_session=False)
    )
    await session.execute(statement)


# A literal: the planner must see that the partial index of open calls holds what is asked for.
_DONE = written_out(AttemptStatus.DONE)
