"""The times for which leads are planned, read a part at a time to be checked."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from domain.vocabulary import CampaignStatus, LeadStatus
from storage.literals import written_out
from storage.models import CampaignRow, ContactRow, LeadRow
from storage.turns import every_priority


class ScheduledTimes(NamedTuple):
    """When a lead may be called as its row has it, and what that follows from."""

    lead_id: UUID
    campaign: CampaignRow
    phone_number: str
    region: str | None
    time_zones: list[str]
    due_at: datetime
    open_until: datetime
    next_attempt_at: datetime | None


async def nearest_times(session: AsyncSession, now: datetime, *, of_each: int, limit: int) -> Sequence[ScheduledTimes]:
    """Of the leads of running campaigns that wait for their time, those for whom it comes next.

    Args:
        of_each: How many of one campaign and priority at most, so that little is read where there are many campaigns.
        limit: How many in all.
    """
    priorities = every_priority()
    # One range of the index for each campaign and priority.
    of_one = (
        select(LeadRow.id, LeadRow.due_at)
        .where(LeadRow.campaign_id == CampaignRow.id, LeadRow.priority == priorities.c.priority, _IS_NEW)
        .where(LeadRow.due_at > now)
        .order_by(LeadRow.due_at)
        .limit(of_each)
        .lateral("of_one")
    )
    nearest = (
        select(of_one.c.id)
        .select_from(CampaignRow)
        .join(priorities, true())
        .join(of_one, true())
        .where(CampaignRow.status == CampaignStatus.RUNNING)
        .order_by(of_one.c.due_at)
        .limit(limit)
    )
    query = _times(now).where(LeadRow.id.in_(nearest)).order_by(LeadRow.due_at)
    return [ScheduledTimes(*row) for row in await session.execute(query)]


async def times_after(
    session: AsyncSession, lead_id: UUID, now: datetime, *, limit: int
) -> tuple[Sequence[ScheduledTimes], UUID | None]:
    """The times of the next leads by id, and the last of the ids that were read; None behind the last of all."""
    ids = (
        await session.scalars(select(LeadRow.id).where(LeadRow.id > lead_id).order_by(LeadRow.id).limit(limit))
    ).all()
    rows = await session.execute(_times(now).where(LeadRow.id.in_(ids)))
    return [ScheduledTimes(*row) for row in rows], ids[-1] if len(ids) == limit else None


# A literal: the planner must see that the partial indexes hold what is asked for.
_IS_NEW = LeadRow.status == written_out(LeadStatus.NEW)


def _times(now: datetime) -> Select[*tuple[Any, ...]]:
    """Times that somebody goes by: those which are about to be planned anew aren't among them."""
    return (
        select(
            LeadRow.id,
            CampaignRow,
            ContactRow.phone_number,
            LeadRow.region,
            LeadRow.time_zones,
            LeadRow.due_at,
            LeadRow.open_until,
            LeadRow.next_attempt_at,
        )
        .join(CampaignRow, CampaignRow.id == LeadRow.campaign_id)
        .join(ContactRow, ContactRow.id == LeadRow.contact_id)
        .where(
            CampaignRow.status == CampaignStatus.RUNNING,
            _IS_NEW,
            LeadRow.due_at.is_not(None),
            LeadRow.open_until > now,
            LeadRow.planned_at.is_not(None),
            or_(CampaignRow.replanned_at.is_(None), LeadRow.planned_at >= CampaignRow.replanned_at),
        )
    )
