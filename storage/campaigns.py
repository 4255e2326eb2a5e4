"""Campaigns."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.models import AccountRow, CampaignRow, NumberPoolRow
from storage.pages import Cursor, Page, fetch_page


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignTerms:
    """What people decide about a campaign; ``windows`` and ``retry_delays`` as they were given (delays in seconds)."""

    number_pool_id: UUID
    name: str
    agent_id: str | None
    agent_version: str | None
    windows: list[dict[str, Any]]
    calling_rules: str
    purpose: str
    max_attempts: int
    retry_delays: dict[str, Any]
    max_call_seconds: int
    max_live_calls: int | None
    voicemail: str
    duplicate_numbers: str
    transfer_number: str | None
    require_consent: bool
    budget: Decimal | None


async def get_campaign(session: AsyncSession, organization_id: UUID, campaign_id: UUID) -> CampaignRow | None:
    query = select(CampaignRow).where(CampaignRow.id == campaign_id, CampaignRow.organization_id == organization_id)
    return await session.scalar(query)


async def get_campaigns(
    session: AsyncSession, organization_id: UUID, campaign_ids: Sequence[UUID]
) -> Mapping[UUID, CampaignRow]:
    """Those of the campaigns that exist in this organisation."""
    query = select(CampaignRow).where(CampaignRow.organization_id == organization_id, CampaignRow.id.in_(campaign_ids))
    return {campaign.id: campaign for campaign in await session.scalars(query)}


async def lock_campaign(session: AsyncSession, organization_id: UUID, campaign_id: UUID) -> CampaignRow | None:
    """Read and lock a campaign: grants and dials, which hold it shared, come before or after the change."""
    query = select(CampaignRow).where(CampaignRow.id == campaign_id, CampaignRow.organization_id == organization_id)
    query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    return await session.scalar(query)


async def default_campaign(session: AsyncSession, organization_id: UUID, provider: str) -> CampaignRow | None:
    """The campaign of leads that name none: the default one whose calls go out at this provider."""
    query = (
        select(CampaignRow)
        .join(NumberPoolRow, NumberPoolRow.id == CampaignRow.number_pool_id)
        .join(AccountRow, AccountRow.id == NumberPoolRow.account_id)
        .where(CampaignRow.organization_id == organization_id, CampaignRow.is_default, AccountRow.provider == provider)
        .order_by(CampaignRow.created_at)
        .limit(1)
    )
    return await session.scalar(query)


async def list_campaigns(
    session: AsyncSession, organization_id: UUID, *, limit: int, after: Cursor | None
) -> Page[CampaignRow]:
    statement = select(CampaignRow).where(CampaignRow.organization_id == organization_id)
    page = await fetch_page(session, statement, (CampaignRow.created_at, CampaignRow.id), limit=limit, after=after)
    return Page([row[0] for row in page.items], page.next_cursor)


async def add_campaign(session: AsyncSession, organization_id: UUID, terms: CampaignTerms) -> CampaignRow:
    """Insert a campaign as a draft.

    Raises:
        sqlalchemy.exc.IntegrityError: the organisation has a campaign of this name.
    """
    row = CampaignRow(organization_id=organization_id, **asdict(terms))
    session.add(row)
    await session.flush()
    return row


async def change_campaign(session: AsyncSession, campaign: CampaignRow, terms: CampaignTerms) -> None:
    """Write all terms; callers hold the campaign's lock.

    Raises:
        sqlalchemy.exc.IntegrityError: another campaign of the organisation has this name.
    """
    for column, value in asdict(terms).items():
        setattr(campaign, column, value)
    await session.flush()
