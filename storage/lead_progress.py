"""Leads on their way: which are due, which still have to be handed to the engine."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import CTE, ColumnElement, exists, func, or_, select, true, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.vocabulary import AttemptStatus, CampaignStatus, LeadOutcome, LeadStatus
from storage.models import AccountRow, AttemptRow, CampaignRow, LeadRow, NumberPoolRow, OrganizationRow


class WaitingLead(NamedTuple):
    lead_id: UUID
    run: int


class LeadToHandOver(NamedTuple):
    lead_id: UUID
    run: int
    campaign_id: UUID
    campaign_name: str
    organization_id: UUID


class Standing(NamedTuple):
    status: str
    number_pool_id: UUID
    run: int


async def standing_of(session: AsyncSession, lead_id: UUID) -> Standing | None:
    query = (
        select(LeadRow.status, CampaignRow.number_pool_id, LeadRow.run)
        .join(CampaignRow, CampaignRow.id == LeadRow.campaign_id)
        .where(LeadRow.id == lead_id)
    )
    row = (await session.execute(query)).first()
    return None if row is None else Standing(*row)


async def mark_handed_over(session: AsyncSession, runs: Sequence[tuple[UUID, int]], now: datetime) -> None:
    """The engine has the workflows of these leads' runs. Safe to repeat: the first instant stands.

    A run that is over meanwhile, since its lead was called again, says nothing of the one that follows it.
    """
    of_these = tuple_(LeadRow.id, LeadRow.run).in_(runs)
    await session.execute(update(LeadRow).where(of_these, LeadRow.handed_over_at.is_(None)).values(handed_over_at=now))


async def hand_over_again(session: AsyncSession, lead_id: UUID) -> None:
    """The engine has no workflow of this lead after all: the reconciliation starts one. Safe to repeat."""
    await session.execute(
        update(LeadRow).where(LeadRow.id == lead_id, LeadRow.status != LeadStatus.DONE).values(handed_over_at=None)
    )


async def end_without_workflow(session: AsyncSession, lead_id: UUID, now: datetime) -> bool:
    """Finish a lead whose workflow was ended from outside; False when it is done, or a call of it is still open."""
    is_open = exists().where(AttemptRow.lead_id == LeadRow.id, AttemptRow.status != AttemptStatus.DONE)
    statement = (
        update(LeadRow)
        .where(LeadRow.id == lead_id, LeadRow.status != LeadStatus.DONE, ~is_open)
        .values(
            status=LeadStatus.DONE,
            outcome=LeadOutcome.CANCELLED,
            cancelled_at=now,
            done_at=now,
            due_at=None,
            next_attempt_at=None,
            waiting_for=None,
        )
        .returning(LeadRow.id)
    )
    return (await session.execute(statement)).first() is not None


async def leads_with_expired_grants(session: AsyncSession, *, expired_before: datetime, limit: int) -> Sequence[UUID]:
    """Leads that hold a slot for a dial which can't leave any more."""
    query = (
        select(AttemptRow.lead_id)
        .where(AttemptRow.status == AttemptStatus.GRANTED, AttemptRow.not_after < expired_before)
        .order_by(AttemptRow.not_after)
        .limit(limit)
    )
    return (await session.scalars(query)).all()


async def next_due_lead(session: AsyncSession, number_pool_id: UUID, now: datetime) -> WaitingLead | None:
    """Of the leads that this pool may serve now, the one with the best priority that has been due the longest.

    Leads of a campaign that is held up or at its own cap aren't among them: they must not keep those of others waiting.
    """
    callable_ones = _callable_campaigns(number_pool_id)
    first = (
        select(LeadRow.id, LeadRow.run, LeadRow.priority, LeadRow.due_at)
        .where(LeadRow.campaign_id == callable_ones.c.id, *_is_due(now))
        .order_by(LeadRow.priority, LeadRow.due_at)
        .limit(1)
        .lateral("first")
    )
    query = select(first.c.id, first.c.run).select_from(callable_ones.join(first, true()))
    row = (await session.execute(query.order_by(first.c.priority, first.c.due_at).limit(1))).first()
    return None if row is None else WaitingLead(row.id, row.run)


async def somebody_waits(session: AsyncSession, number_pool_id: UUID, now: datetime, *, but_for: UUID) -> bool:
    """Whether another lead than this one stands in line for the pool's slots."""
    callable_ones = _callable_campaigns(number_pool_id)
    is_waiting = exists().where(LeadRow.campaign_id == callable_ones.c.id, LeadRow.id != but_for, *_is_due(now))
    return bool(await session.scalar(select(exists(select(callable_ones.c.id).where(is_waiting)))))


async def pools_with_due_leads(session: AsyncSession, now: datetime) -> Sequence[UUID]:
    callable_ones = _callable_campaigns()
    is_waited_for = exists().where(LeadRow.campaign_id == callable_ones.c.id, *_is_due(now))
    query = select(callable_ones.c.number_pool_id).where(is_waited_for).distinct()
    return (await session.scalars(query)).all()


def _is_due(now: datetime) -> Sequence[ColumnElement[bool]]:
    """Waits for nothing but a slot, in hours that go on, and has a workflow that can take it up."""
    return (
        LeadRow.status == LeadStatus.NEW,
        LeadRow.due_at <= now,
        or_(LeadRow.open_until.is_(None), LeadRow.open_until > now),
        LeadRow.handed_over_at.is_not(None),
    )


def _callable_campaigns(number_pool_id: UUID | None = None) -> CTE:
    """Campaigns (of one pool, or all) whose leads nobody holds up; evaluated once, not for every lead."""
    live = (
        select(func.count())
        .where(AttemptRow.campaign_id == CampaignRow.id, AttemptRow.slot_released_at.is_(None))
        .scalar_subquery()
    )
    query = (
        select(CampaignRow.id, CampaignRow.number_pool_id)
        .join(NumberPoolRow, NumberPoolRow.id == CampaignRow.number_pool_id)
        .join(AccountRow, AccountRow.id == NumberPoolRow.account_id)
        .join(OrganizationRow, OrganizationRow.id == CampaignRow.organization_id)
        .where(
            OrganizationRow.stopped_at.is_(None),
            AccountRow.parked_at.is_(None),
            NumberPoolRow.parked_at.is_(None),
            CampaignRow.parked_at.is_(None),
            CampaignRow.status == CampaignStatus.RUNNING,
            or_(CampaignRow.max_live_calls.is_(None), CampaignRow.max_live_calls > live),
        )
    )
    if number_pool_id is not None:
        query = query.where(CampaignRow.number_pool_id == number_pool_id)
    return query.cte("callable_campaigns").prefix_with("MATERIALIZED")


async def leads_to_hand_over(
    session: AsyncSession, *, created_before: datetime, limit: int
) -> Sequence[LeadToHandOver]:
    """Leads whose workflow the engine may not have, nearest due first."""
    query = (
        select(LeadRow.id, LeadRow.run, LeadRow.campaign_id, CampaignRow.name, LeadRow.organization_id)
        .join(CampaignRow, CampaignRow.id == LeadRow.campaign_id)
        .where(
            LeadRow.handed_over_at.is_(None),
            LeadRow.status != LeadStatus.DONE,
            LeadRow.created_at < created_before,
        )
        .order_by(LeadRow.due_at.asc().nulls_first(), LeadRow.created_at)
        .limit(limit)
    )
    return [LeadToHandOver(*row) for row in await session.execute(query)]


async def leads_with_overdue_attempts(
    session: AsyncSession, *, overdue_before: datetime, limit: int
) -> Sequence[WaitingLead]:
    """Leads whose open attempt should have been looked after by now."""
    query = (
        select(LeadRow.id, LeadRow.run)
        .join(AttemptRow, AttemptRow.lead_id == LeadRow.id)
        .where(AttemptRow.status != AttemptStatus.DONE, AttemptRow.look_up_at < overdue_before)
        .order_by(AttemptRow.look_up_at)
        .limit(limit)
    )
    return [WaitingLead(*row) for row in await session.execute(query)]
