"""Whether another call fits into what a campaign may spend (docs/decisions/0035).

What its calls have cost is known from the figures, some seconds after each is settled. One that isn't counted yet is
taken to cost what those that reached somebody did in the mean, or before any did the most that it can by the pool's
price: the calls that go on for long are the dear ones.
"""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Integer, Uuid, and_, any_, bindparam, exists, func, literal_column, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.vocabulary import AttemptStatus, CampaignStatus
from storage.literals import written_out
from storage.looks import Look
from storage.models import AnalyticsMarkRow, AttemptRow, CallFactRow, CallSumRow, CampaignRow, NumberPoolRow

CENTS = 100
SECONDS_OF_MINUTE = 60

MARKS_LOOKED_AT = 1_000
"""The newest of calls: mostly there are as many as change in two seconds, more only where the figures lag behind."""


def is_budget_used_up() -> ColumnElement[bool]:
    """In a query of campaigns with their number pools: whether nothing is left for one more call."""
    return _is_used_up(_open_calls() + _uncounted_calls())


def seems_used_up() -> ColumnElement[bool]:
    """The same for people who look, who may not see what isn't counted yet: true some seconds late."""
    return _is_used_up(_open_calls())


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
    # One parameter however many they are: a statement takes 32,767 at most, and leads bring all of their calls along.
    ids = bindparam("attempt_ids", list(attempt_ids), type_=ARRAY(Uuid))
    concerned = select(AttemptRow.campaign_id).where(AttemptRow.id == any_(ids))
    query = select(CampaignRow.id).join(NumberPoolRow, NumberPoolRow.id == CampaignRow.number_pool_id)
    is_running = CampaignRow.status == CampaignStatus.RUNNING
    return (await session.scalars(query.where(CampaignRow.id.in_(concerned), is_running, seems_used_up()))).all()


def _is_used_up(uncounted: ColumnElement[int]) -> ColumnElement[bool]:
    spent = func.coalesce(_of_calls(func.sum(CallSumRow.cost_cents)), 0)
    mean = _of_calls(func.sum(CallSumRow.cost_cents) / func.nullif(func.sum(CallSumRow.reached), 0))
    most = func.coalesce(NumberPoolRow.cost_per_minute, 0) * CENTS * CampaignRow.max_call_seconds / SECONDS_OF_MINUTE
    taken = spent + uncounted * func.coalesce(func.nullif(mean, 0), most)
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


def _open_calls() -> ColumnElement[int]:
    """Also those whose slot is free again and of which it isn't known yet what they cost."""
    query = select(func.count()).select_from(AttemptRow)
    is_open = AttemptRow.status != written_out(AttemptStatus.DONE)
    return query.where(AttemptRow.campaign_id == CampaignRow.id, is_open).correlate(CampaignRow).scalar_subquery()


def _uncounted_calls() -> ColumnElement[int]:
    """Calls that are settled and in no figure yet."""
    newest = select(AnalyticsMarkRow.target_id).where(AnalyticsMarkRow.kind == literal_column("'call'"))
    marks = newest.order_by(AnalyticsMarkRow.id.desc()).limit(MARKS_LOOKED_AT).subquery()
    query = select(func.count(AttemptRow.id.distinct())).join(marks, marks.c.target_id == AttemptRow.id)
    query = query.where(
        AttemptRow.campaign_id == CampaignRow.id,
        AttemptRow.status == written_out(AttemptStatus.DONE),
        AttemptRow.counts.is_not(False),
        ~exists().where(CallFactRow.id == AttemptRow.id),
    )
    return query.correlate(CampaignRow).scalar_subquery()


_OF_ONE = Look(
    select(_is_used_up(_open_calls() + _uncounted_calls() - bindparam("but_for", type_=Integer())))
    .join(NumberPoolRow, NumberPoolRow.id == CampaignRow.number_pool_id)
    .where(CampaignRow.id == bindparam("campaign_id", type_=Uuid()))
)
