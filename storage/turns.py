"""Whose turn it is: the leads that wait for nothing but a slot, and the pools that may serve them.

The statements are put together once, since each hand-on asks several of them and that costs more than what they find.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    CTE,
    BindParameter,
    DateTime,
    Exists,
    Select,
    TableValuedAlias,
    Uuid,
    and_,
    any_,
    bindparam,
    exists,
    func,
    literal,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from domain.decision import PACE_HORIZON
from domain.vocabulary import CampaignStatus, LeadStatus
from storage.budgets import is_budget_used_up
from storage.literals import written_out
from storage.looks import Look, Via
from storage.models import AccountRow, AttemptRow, CampaignRow, LeadRow, NumberPoolRow, OrganizationRow
from storage.paces import ACCOUNT_CAP, Instant, is_campaign_paced_beyond
from storage.parking import is_parked, may_be_dialled
from storage.pilots import is_pilot_over
from storage.slots import live_calls_of

BEST_PRIORITY, LAST_PRIORITY = 1, 5
PRIORITIES = range(BEST_PRIORITY, LAST_PRIORITY + 1)

NOW = bindparam("now", type_=DateTime(timezone=True))


class WaitingLead(NamedTuple):
    """``by_probe``: a call to it would try something that is parked."""

    lead_id: UUID
    run: int
    by_probe: bool = False


async def next_due_lead(via: Via, number_pool_id: UUID, now: datetime) -> WaitingLead | None:
    """Of the leads that this pool may serve now, the one whose turn it is.

    Those called ahead go first. Then the best priority decides; among campaigns with leads of that priority, the one
    with the fewest live calls; at last, who has been due the longest. Leads of a campaign that is held up, at its own
    cap or waiting for its own pace aren't among them: they must not keep those of others waiting.
    """
    row = await _NEXT_DUE.first(via, number_pool_ids=[number_pool_id], now=now)
    return None if row is None else WaitingLead(*row)


async def somebody_waits(via: Via, number_pool_id: UUID, now: datetime, *, but_for: UUID) -> bool:
    """Whether another lead than this one stands in line for the pool's slots."""
    return bool(await _SOMEBODY_WAITS.value(via, number_pool_ids=[number_pool_id], now=now, but_for=but_for))


async def pools_with_due_leads(session: AsyncSession, now: datetime) -> Sequence[UUID]:
    """Those that may serve somebody now."""
    campaigns = callable_campaigns(NOW)
    query = select(campaigns.c.number_pool_id).where(_has_due_lead(campaigns)).distinct()
    return (await session.scalars(query, {"now": now})).all()


async def pools_in_turn(via: Via, number_pool_id: UUID, now: datetime) -> Sequence[UUID]:
    """The pools that room in this pool may serve, those with the fewest live calls first.

    A cap on the live calls of an account or an organisation is shared by its pools, so a slot that comes free in one
    may be another's to fill. Without such a cap it is this pool alone, and one look tells.
    """
    sharing = await _SHARING_A_CAP.column(via, number_pool_id=number_pool_id)
    if not sharing:
        return [number_pool_id]
    concerned = [number_pool_id, *sharing]
    return await _POOLS_IN_TURN.column(via, number_pool_id=number_pool_id, number_pool_ids=concerned, now=now)


def every_priority() -> TableValuedAlias:
    """In a query: all priorities, so that each can be one range of an index."""
    series = func.generate_series(BEST_PRIORITY, LAST_PRIORITY)
    return series.table_valued("priority", name="priorities").render_derived()


def callable_campaigns(now: Instant, number_pool_ids: BindParameter[Any] | None = None) -> CTE:
    """Campaigns (of some pools, or all) whose leads nobody holds up; evaluated once, not for every lead.

    Those through which something that is parked may be tried now are among them.
    """
    live = live_calls_of(AttemptRow.campaign_id, CampaignRow.id)
    parkable = (AccountRow, NumberPoolRow, CampaignRow)
    by_probe = is_parked(parkable).label("by_probe")
    query = (
        select(CampaignRow.id, CampaignRow.number_pool_id, live.label("live"), by_probe)
        .join(NumberPoolRow, NumberPoolRow.id == CampaignRow.number_pool_id)
        .join(AccountRow, AccountRow.id == NumberPoolRow.account_id)
        .join(OrganizationRow, OrganizationRow.id == CampaignRow.organization_id)
        .where(
            OrganizationRow.stopped_at.is_(None),
            *(may_be_dialled(owner, now) for owner in parkable),
            CampaignRow.status == CampaignStatus.RUNNING,
            or_(CampaignRow.max_live_calls.is_(None), CampaignRow.max_live_calls > live),
            ~is_campaign_paced_beyond(now + PACE_HORIZON, now),
            ~is_pilot_over(),
            ~is_budget_used_up(),
        )
    )
    if number_pool_ids is not None:
        query = query.where(CampaignRow.number_pool_id == any_(number_pool_ids))
    return query.cte("callable_campaigns").prefix_with("MATERIALIZED")


_IS_DUE = (
    # A literal: the planner must see that the partial indexes hold what is asked for.
    LeadRow.status == written_out(LeadStatus.NEW),
    LeadRow.due_at <= NOW,
    or_(LeadRow.open_until.is_(None), LeadRow.open_until > NOW),
    LeadRow.handed_over_at.is_not(None),
)
"""Waits for nothing but a slot, in hours that go on, and has a workflow that can take it up."""


def _has_due_lead(campaigns: CTE) -> Exists:
    """Every priority is named, so that ``due_at`` bounds the look into the index."""
    return exists().where(LeadRow.campaign_id == campaigns.c.id, LeadRow.priority.in_(PRIORITIES), *_IS_DUE)


def _first_called_ahead(campaigns: CTE) -> Select[Any]:
    first = (
        select(LeadRow.id, LeadRow.run, LeadRow.called_ahead_at)
        .where(LeadRow.campaign_id == campaigns.c.id, LeadRow.called_ahead_at.is_not(None), *_IS_DUE)
        .order_by(LeadRow.called_ahead_at)
        .limit(1)
        .lateral("called_ahead")
    )
    order = (literal(0).label("rank"), literal(0).label("live"), first.c.called_ahead_at.label("since"))
    return select(first.c.id, first.c.run, campaigns.c.by_probe, *order).select_from(campaigns.join(first, true()))


def _first_by_priority(campaigns: CTE) -> Select[Any]:
    """One look into the index for each campaign and priority: where a priority is open, ``due_at`` isn't in order."""
    priorities = every_priority()
    first = (
        select(LeadRow.id, LeadRow.run, LeadRow.due_at)
        .where(LeadRow.campaign_id == campaigns.c.id, LeadRow.priority == priorities.c.priority, *_IS_DUE)
        .order_by(LeadRow.due_at)
        .limit(1)
        .lateral("by_priority")
    )
    order = (priorities.c.priority.label("rank"), campaigns.c.live.label("live"), first.c.due_at.label("since"))
    every = campaigns.join(priorities, true()).join(first, true())
    return select(first.c.id, first.c.run, campaigns.c.by_probe, *order).select_from(every)


def _sharing_a_cap() -> Select[UUID]:
    own = aliased(NumberPoolRow)
    in_account = and_(NumberPoolRow.account_id == own.account_id, ACCOUNT_CAP.is_not(None))
    in_organization = and_(
        NumberPoolRow.organization_id == own.organization_id, OrganizationRow.max_live_calls.is_not(None)
    )
    return (
        select(NumberPoolRow.id)
        .join(own, and_(own.id == _POOL_ID, own.id != NumberPoolRow.id))
        .join(AccountRow, AccountRow.id == own.account_id)
        .join(OrganizationRow, OrganizationRow.id == own.organization_id)
        .where(or_(in_account, in_organization))
    )


def _next_due() -> Select[Any]:
    campaigns = callable_campaigns(NOW, _POOL_IDS)
    turns = union_all(_first_called_ahead(campaigns), _first_by_priority(campaigns)).subquery("turns")
    order = (turns.c.rank, turns.c.live, turns.c.since)
    return select(turns.c.id, turns.c.run, turns.c.by_probe).order_by(*order).limit(1)


def _somebody_waits() -> Select[bool]:
    campaigns = callable_campaigns(NOW, _POOL_IDS)
    is_waiting = _has_due_lead(campaigns).where(LeadRow.id != bindparam("but_for", type_=Uuid()))
    return select(exists(select(campaigns.c.id).where(is_waiting)))


def _pools_in_turn() -> Select[UUID]:
    campaigns = callable_campaigns(NOW, _POOL_IDS)
    waiting = select(campaigns.c.number_pool_id).where(_has_due_lead(campaigns))
    return (
        select(NumberPoolRow.id)
        .where(or_(NumberPoolRow.id == _POOL_ID, NumberPoolRow.id.in_(waiting)))
        .order_by(live_calls_of(AttemptRow.number_pool_id, NumberPoolRow.id), NumberPoolRow.id)
    )


_POOL_ID = bindparam("number_pool_id", type_=Uuid())
_POOL_IDS: BindParameter[Any] = bindparam("number_pool_ids", type_=ARRAY(Uuid))

_NEXT_DUE = Look(_next_due())
_SOMEBODY_WAITS = Look(_somebody_waits())
_SHARING_A_CAP = Look(_sharing_a_cap())
_POOLS_IN_TURN = Look(_pools_in_turn())
