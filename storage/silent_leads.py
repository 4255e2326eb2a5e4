"""Leads that should have acted by now and didn't: whoever moves them may be lost."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import exists, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from domain.vocabulary import CampaignStatus, LeadStatus
from storage import replanning
from storage.literals import written_out
from storage.models import CampaignRow, LeadRow

acts_at = func.coalesce(LeadRow.next_attempt_at, LeadRow.due_at, LeadRow.handed_over_at)
"""When the lead's workflow was to look again; one that never looked, when it was handed over."""


class Place(NamedTuple):
    """Where a lead stands among the silent ones."""

    acts_at: datetime
    lead_id: UUID


class SilentLead(NamedTuple):
    lead_id: UUID
    run: int
    place: Place


async def silent_leads(
    session: AsyncSession, now: datetime, *, silent_since: datetime, after: Place | None, limit: int
) -> Sequence[SilentLead]:
    """Leads in open hours that were to look again before ``silent_since`` and of which nobody has decided since then.

    Leads that stand in line aren't among them: they were decided about, and wait for a slot. In the order of their
    times, beginning ``after`` one of them.
    """
    query = select(LeadRow.id, LeadRow.run, acts_at.label("acts_at")).where(
        # As the partial index has it: the planner must see that it holds what is asked for.
        LeadRow.status == written_out(LeadStatus.NEW),
        LeadRow.handed_over_at.is_not(None),
        or_(LeadRow.planned_at.is_(None), LeadRow.planned_at < acts_at),
        acts_at < silent_since,
        or_(LeadRow.open_until.is_(None), LeadRow.open_until > now),
    )
    if after is not None:
        query = query.where(tuple_(acts_at, LeadRow.id) > after)
    rows = await session.execute(query.order_by(acts_at, LeadRow.id).limit(limit))
    return [SilentLead(row.id, row.run, Place(row.acts_at, row.id)) for row in rows]


async def plan_again(session: AsyncSession, lead_ids: Sequence[UUID]) -> None:
    """Have those of these leads planned anew of which still nobody has decided, and whose campaign runs.

    Nobody plans for one that doesn't: its leads are planned when it is launched or goes on.
    """
    runs = exists().where(CampaignRow.id == LeadRow.campaign_id, CampaignRow.status == CampaignStatus.RUNNING)
    is_new = LeadRow.status == LeadStatus.NEW
    await replanning.plan_again(session, lead_ids, is_new, LeadRow.planned_at < acts_at, runs)
