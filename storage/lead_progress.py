"""Leads on their way: which are due, which still have to be handed to the engine."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.vocabulary import CampaignStatus, LeadStatus
from storage.models import AttemptRow, CampaignRow, LeadRow


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


async def standing_of(session: AsyncSession, lead_id: UUID) -> Standing | None:
    query = (
        select(LeadRow.status, CampaignRow.number_pool_id)
        .join(CampaignRow, CampaignRow.id == LeadRow.campaign_id)
        .where(LeadRow.id == lead_id)
    )
    row = (await session.execute(query)).first()
    return None if row is None else Standing(*row)


async def mark_handed_over(session: AsyncSession, lead_ids: Sequence[UUID], now: datetime) -> None:
    """The engine has these leads' workflows. Safe to repeat: the first instant stands."""
    await session.execute(
        update(LeadRow).where(LeadRow.id.in_(lead_ids), LeadRow.handed_over_at.is_(None)).values(handed_over_at=now)
    )


async def next_due_lead(session: AsyncSession, number_pool_id: UUID, now: datetime) -> WaitingLead | None:
    """Of the leads that this pool may serve now, the one with the best priority that has been due the longest."""
    query = (
        select(LeadRow.id, LeadRow.run)
        .join(CampaignRow, CampaignRow.id == LeadRow.campaign_id)
        .where(
            CampaignRow.number_pool_id == number_pool_id,
            CampaignRow.status == CampaignStatus.RUNNING,
            CampaignRow.parked_at.is_(None),
            LeadRow.status == LeadStatus.NEW,
            LeadRow.due_at <= now,
            LeadRow.handed_over_at.is_not(None),
        )
        .order_by(LeadRow.priority, LeadRow.due_at)
        .limit(1)
    )
    row = (await session.execute(query)).first()
    return None if row is None else WaitingLead(row.id, row.run)


async def pools_with_due_leads(session: AsyncSession, now: datetime) -> Sequence[UUID]:
    query = (
        select(CampaignRow.number_pool_id)
        .join(LeadRow, LeadRow.campaign_id == CampaignRow.id)
        .where(
            CampaignRow.status == CampaignStatus.RUNNING,
            LeadRow.status == LeadStatus.NEW,
            LeadRow.due_at <= now,
        )
        .distinct()
    )
    return (await session.scalars(query)).all()


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
    return [LeadToHandOver(*row) for row in (await session.execute(query)).tuples()]


async def leads_with_overdue_attempts(
    session: AsyncSession, *, overdue_before: datetime, limit: int
) -> Sequence[WaitingLead]:
    """Leads whose open attempt should have been looked after by now."""
    query = (
        select(LeadRow.id, LeadRow.run)
        .join(AttemptRow, AttemptRow.lead_id == LeadRow.id)
        .where(AttemptRow.status != "done", AttemptRow.look_up_at < overdue_before)
        .order_by(AttemptRow.look_up_at)
        .limit(limit)
    )
    return [WaitingLead(*row) for row in (await session.execute(query)).tuples()]
