"""Leads of campaigns that are over: ended in bulk."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.vocabulary import OVER, LeadOutcome, LeadStatus
from storage.literals import written_out
from storage.models import CampaignRow, LeadRow

# A literal: the planner must see that the partial indexes hold what is asked for.
_WAITS = LeadRow.status == written_out(LeadStatus.NEW)


async def campaigns_to_end(session: AsyncSession) -> Sequence[UUID]:
    """Campaigns that are over and have leads that still wait."""
    waiting = exists().where(LeadRow.campaign_id == CampaignRow.id, _WAITS)
    return (await session.scalars(select(CampaignRow.id).where(CampaignRow.status.in_(OVER), waiting))).all()


async def end_waiting_leads(session: AsyncSession, campaign_id: UUID, *, now: datetime, limit: int) -> int:
    """End so many leads of the campaign that wait, as cancelled; how many there were. Safe to repeat.

    One that is on a call goes on, and ends itself afterwards. One that somebody has locked is left for the next time.
    """
    waiting = (
        select(LeadRow.id)
        .where(LeadRow.campaign_id == campaign_id, _WAITS)
        .limit(limit)
        .with_for_update(key_share=True, skip_locked=True)
    )
    statement = (
        update(LeadRow)
        .where(LeadRow.id.in_(waiting.scalar_subquery()))
        .values(
            status=LeadStatus.DONE,
            outcome=LeadOutcome.CANCELLED,
            cancelled_at=now,
            done_at=now,
            earliest_at=None,
            due_at=None,
            open_until=None,
            next_attempt_at=None,
            waiting_for=None,
        )
        .returning(LeadRow.id)
        .execution_options(synchronize_session=False)
    )
    return len((await session.execute(statement)).all())
