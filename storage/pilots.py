"""The first leads of a campaign, after which it is held till somebody has looked at them."""

from sqlalchemy import ColumnElement, Select, and_, distinct, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.models import AttemptRow, CampaignRow


def is_pilot_over() -> ColumnElement[bool]:
    """In a query of campaigns: whether as many leads were begun as its pilot has."""
    begun = _begun().correlate(CampaignRow).scalar_subquery()
    return and_(CampaignRow.pilot_leads.is_not(None), begun >= func.coalesce(CampaignRow.pilot_leads, 0))


async def leads_begun(session: AsyncSession, campaign: CampaignRow) -> int:
    """How many leads got a call since the campaign's launch. While the pool's lock is held nobody begins another."""
    query = select(_begun().correlate(CampaignRow).scalar_subquery()).where(CampaignRow.id == campaign.id)
    return await session.scalar(query) or 0


async def is_over(session: AsyncSession, campaign: CampaignRow) -> bool:
    return campaign.pilot_leads is not None and await leads_begun(session, campaign) >= campaign.pilot_leads


def _begun() -> Select[int]:
    """What was refused or given back began nothing."""
    return select(func.count(distinct(AttemptRow.lead_id))).where(
        AttemptRow.campaign_id == CampaignRow.id,
        AttemptRow.created_at >= CampaignRow.launched_at,
        AttemptRow.counts.is_distinct_from(False),
    )
