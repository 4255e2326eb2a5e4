"""Whether another call fits into what a campaign may spend (docs/decisions/0035).

What its calls have cost is known from the figures, some seconds after each is over. One that isn't counted yet, since
it goes on or has just ended, is taken to cost what those before it did in the mean, or before any is counted the most
that it can by the pool's price.
"""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, Uuid, and_, bindparam, exists, func, literal_column, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from domain.vocabulary import CampaignStatus
from storage.looks import Look
from storage.models import AnalyticsMarkRow, AttemptRow, CallFactRow, CallSumRow, CampaignRow, NumberPoolRow
from storage.slots import live_calls_of

CENTS = 100
SECONDS_OF_MINUTE = 60

MARKS_LOOKED_AT = 1_000
"""The newest: mostly there are as many as calls change in two seconds, and many only where the figures lag behind."""


def is_budget_used_up() -> ColumnElement[bool]:
    """In a query of campaigns with their number pools: whether nothing is left for one more call."""
    return _is_used_up(_live_calls() + _uncounted_calls())


def seems_used_up() -> ColumnElement[bool]:
    """The same for people who look, who may not see what isn't counted yet: true some seconds late."""
    return _is_used_up(_live_calls())


async def has_no_budget_left(session: AsyncSession, campaign: CampaignRow, *, but_for: int = 0) -> bool:
    """Whether nothing is left for one more call. While the pool's lock is held nobody else spends.

    Args:
        but_for: So many of the calls that go on are being decided about.
    """
    if campaign.budget is None:
        return False
    return bool(await _OF_ONE.value(session, campaign_id=campaign.id, but_for=but_for))


async def told_used_up(session: AsyncSession, campaign: CampaignRow) -> bool:
    """As ``seems_used_up``, of one campaign."""
    if campaign.budget is None:
        return False
    query = select(seems_used_up()).join(NumberPoolRow, NumberPoolRow.id == CampaignRow.number_pool_id)
    return bool(await session.scalar(query.where(CampaignRow.id == campaign.id)))


async def used_up_by(session: AsyncSession, attempt_ids: Collection[UUID]) -> Sequence[UUID]:
    """The running campaigns of these calls that nothing is left for."""
    if not attempt_ids:
        return []
    concerned = select(AttemptRow.campaign_id).where(AttemptRow.id.in_(attempt_ids))
    query = select(CampaignRow.id).join(NumberPoolRow, NumberPoolRow.id == CampaignRow.number_pool_id)
    is_running = CampaignRow.status == CampaignStatus.RUNNING
    return (await session.scalars(query.where(CampaignRow.id.in_(concerned), is_running, seems_used_up()))).all()


def _is_used_up(uncounted: ColumnElement[int]) -> ColumnElement[bool]:
    spent = func.coalesce(_of_calls(func.sum(CallSumRow.cost_cents)), 0)
    mean = _of_calls(func.sum(CallSumRow.cost_cents) / func.nullif(func.sum(CallSumRow.calls), 0))
    most = func.coalesce(NumberPoolRow.cost_per_minute, 0) * CENTS * CampaignRow.max_call_seconds / SECONDS_OF_MINUTE
    taken = spent + uncounted * func.coalesce(mean, most)
    return and_(CampaignRow.budget.is_not(None), taken >= CampaignRow.budget * CENTS)


def _of_calls(summed: ColumnElement[Any]) -> ColumnElement[Any]:
    """Of all days; a day's sums stand in one row for each source of leads."""
    query = select(summed).where(
        CallSumRow.campaign_id == CampaignRow.id,
        # Literals: the planner must see that the partial index holds what is asked for.
        CallSumRow.dimension == literal_column("'source'"),
        CallSumRow.grain == literal_column("'day'"),
    )
    return query.correlate(CampaignRow).scalar_subquery()


def _live_calls() -> ColumnElement[int]:
    return live_calls_of(AttemptRow.campaign_id, CampaignRow.id)


def _uncounted_calls() -> ColumnElement[int]:
    """Calls that are over and in no figure yet."""
    others = aliased(AnalyticsMarkRow)
    last = select(others.id).where(others.id > 0).order_by(others.id.desc()).limit(1).scalar_subquery()
    newest = select(AnalyticsMarkRow.target_id).where(AnalyticsMarkRow.kind == literal_column("'call'"))
    marks = newest.where(AnalyticsMarkRow.id > last - MARKS_LOOKED_AT).subquery()
    query = select(func.count(AttemptRow.id.distinct())).join(marks, marks.c.target_id == AttemptRow.id)
    query = query.where(
        AttemptRow.campaign_id == CampaignRow.id,
        AttemptRow.slot_released_at.is_not(None),
        AttemptRow.counts.is_not(False),
        ~exists().where(CallFactRow.id == AttemptRow.id),
    )
    return query.correlate(CampaignRow).scalar_subquery()


_OF_ONE = Look(
    select(_is_used_up(_live_calls() + _uncounted_calls() - bindparam("but_for", type_=Integer())))
    .join(NumberPoolRow, NumberPoolRow.id == CampaignRow.number_pool_id)
    .where(CampaignRow.id == bindparam("campaign_id", type_=Uuid()))
)
