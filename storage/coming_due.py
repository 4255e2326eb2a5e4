"""Which pools' leads may be called soon for the first time, because hours open."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Uuid, func, literal, select, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from domain.vocabulary import LeadStatus
from storage.literals import written_out
from storage.models import LeadRow
from storage.turns import callable_campaigns, every_priority


class Opening(NamedTuple):
    number_pool_id: UUID
    opens_at: datetime


async def next_openings(
    session: AsyncSession, now: datetime, *, until: datetime, number_pool_id: UUID | None = None
) -> Sequence[Opening]:
    """For each pool (or this one) whose leads nobody holds up: the first opening of some of them till ``until``.

    Leads that come due within hours, at an appointment of their own, have timers of their own and aren't among them.
    """
    campaigns = callable_campaigns(now, None if number_pool_id is None else literal([number_pool_id], ARRAY(Uuid)))
    priorities = every_priority()
    # One range of the index for each campaign and priority.
    first = (
        select(LeadRow.due_at)
        .where(
            LeadRow.campaign_id == campaigns.c.id,
            LeadRow.priority == priorities.c.priority,
            # A literal: the planner must see that the partial index holds what is asked for.
            LeadRow.status == written_out(LeadStatus.NEW),
            LeadRow.due_at > now,
            LeadRow.due_at <= until,
            LeadRow.due_at > LeadRow.earliest_at,
            LeadRow.handed_over_at.is_not(None),
        )
        .order_by(LeadRow.due_at)
        .limit(1)
        .lateral("first")
    )
    query = (
        select(campaigns.c.number_pool_id, func.min(first.c.due_at))
        .select_from(campaigns.join(priorities, true()).join(first, true()))
        .group_by(campaigns.c.number_pool_id)
    )
    return [Opening(*row) for row in await session.execute(query)]
