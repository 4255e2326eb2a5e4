"""Campaigns."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, exists, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.vocabulary import CampaignStatus
from storage.looks import Look, Via, is_given
from storage.models import AccountRow, CampaignRow, NumberPoolRow
from storage.pages import Cursor, Page, fetch_page
from storage.right_of_way import take_right_of_way

DECIDE_WHEN = (
    "windows",
    "calling_rules",
    "purpose",
    "max_attempts",
    "max_attempts_per_day",
    "max_attempts_per_24_hours",
    "min_seconds_between_attempts",
    "retry_delays",
    "vary_part_of_day",
    "skip_if_reached_within_days",
    "dispositions",
    "transfer_number",
    "transfer_hours",
)
"""The columns from which it follows when a campaign's leads may be called."""


async def get_campaign(session: AsyncSession, organization_id: UUID, campaign_id: UUID) -> CampaignRow | None:
    query = select(CampaignRow).where(CampaignRow.id == campaign_id, CampaignRow.organization_id == organization_id)
    return await session.scalar(query)


_EXISTS = Look(
    select(CampaignRow.id).where(
        is_given(CampaignRow.id, "campaign_id"), is_given(CampaignRow.organization_id, "organization_id")
    )
)


async def has_campaign(via: Via, organization_id: UUID, campaign_id: UUID) -> bool:
    return await _EXISTS.value(via, campaign_id=campaign_id, organization_id=organization_id) is not None


async def get_campaigns(
    session: AsyncSession, organization_id: UUID, campaign_ids: Sequence[UUID]
) -> Mapping[UUID, CampaignRow]:
    """Those of the campaigns that exist in this organisation."""
    query = select(CampaignRow).where(CampaignRow.organization_id == organization_id, CampaignRow.id.in_(campaign_ids))
    return {campaign.id: campaign for campaign in await session.scalars(query)}


async def lock_campaign(session: AsyncSession, organization_id: UUID, campaign_id: UUID) -> CampaignRow | None:
    """Read and lock a campaign: grants and dials, which hold it shared, come before or after the change."""
    await take_right_of_way(session, organization_id)
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


async def has_launched_campaigns(session: AsyncSession, number_pool_id: UUID) -> bool:
    """Whether calls of any campaign may have gone out by this pool."""
    query = exists().where(CampaignRow.number_pool_id == number_pool_id, CampaignRow.status != CampaignStatus.DRAFT)
    return bool(await session.scalar(select(query)))


async def list_campaigns(
    session: AsyncSession, organization_id: UUID, *, limit: int, after: Cursor | None, archived: bool = False
) -> Page[CampaignRow]:
    """Those that were put away only on demand."""
    statement = select(CampaignRow).where(CampaignRow.organization_id == organization_id)
    if not archived:
        statement = statement.where(CampaignRow.status != CampaignStatus.ARCHIVED)
    page = await fetch_page(session, statement, (CampaignRow.created_at, CampaignRow.id), limit=limit, after=after)
    return Page([row[0] for row in page.items], page.next_cursor)


async def add_campaign(session: AsyncSession, organization_id: UUID, columns: Mapping[str, Any]) -> CampaignRow:
    """Insert a campaign as a draft; ``windows``, ``retry_delays`` and ``dispositions`` as they were given.

    Raises:
        sqlalchemy.exc.IntegrityError: the organisation has a campaign of this name.
    """
    row = CampaignRow(organization_id=organization_id, **columns)
    session.add(row)
    await session.flush()
    return row


async def change_campaign(
    session: AsyncSession, campaign: CampaignRow, columns: Mapping[str, Any], *, now: datetime
) -> None:
    """Write these columns; leads are planned anew if they may be called at other times then.

    Callers hold the campaign's lock.

    Raises:
        sqlalchemy.exc.IntegrityError: another campaign of the organisation has this name.
    """
    if any(columns[name] != getattr(campaign, name) for name in DECIDE_WHEN if name in columns):
        campaign.replanned_at = now
    for column, value in columns.items():
        setattr(campaign, column, value)
    await session.flush()


async def replan_account(session: AsyncSession, account_id: UUID, now: datetime) -> None:
    """Have all leads whose calls go out by this account planned anew; locks their campaigns."""
    pools = select(NumberPoolRow.id).where(NumberPoolRow.account_id == account_id)
    await _replan(session, CampaignRow.number_pool_id.in_(pools), now)


async def replan_pool(session: AsyncSession, number_pool_id: UUID, now: datetime) -> None:
    """Have all leads whose calls go out by this pool planned anew; locks their campaigns, so before the pool."""
    await _replan(session, CampaignRow.number_pool_id == number_pool_id, now)


async def _replan(session: AsyncSession, which: ColumnElement[bool], now: datetime) -> None:
    """Locked by id, so that two of these wait for and never block each other."""
    ids = await session.scalars(
        select(CampaignRow.id).where(which).order_by(CampaignRow.id).with_for_update(key_share=True)
    )
    await session.execute(update(CampaignRow).where(CampaignRow.id.in_(ids.all())).values(replanned_at=now))
