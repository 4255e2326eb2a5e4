"""Leads on their way: which are due, which still have to be handed to the engine."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    CTE,
    ColumnElement,
    Exists,
    Select,
    Uuid,
    and_,
    bindparam,
    exists,
    func,
    literal,
    literal_column,
    or_,
    select,
    true,
    tuple_,
    union_all,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from domain.decision import PACE_HORIZON
from domain.vocabulary import AttemptStatus, CampaignStatus, LeadOutcome, LeadStatus
from storage.models import AccountRow, AttemptRow, CampaignRow, LeadRow, NumberPoolRow, OrganizationRow
from storage.paces import ACCOUNT_CAP, is_campaign_paced_beyond
from storage.parking import is_parked, may_be_dialled
from storage.slots import live_calls_of

BEST_PRIORITY, LAST_PRIORITY = 1, 5


class WaitingLead(NamedTuple):
    """``by_probe``: a call to it would try something that is parked."""

    lead_id: UUID
    run: int
    by_probe: bool = False


class LeadToHandOver(NamedTuple):
    lead_id: UUID
    run: int
    campaign_id: UUID
    campaign_name: str
    organization_id: UUID


class Standing(NamedTuple):
    status: str
    number_pool_id: UUID
    run: int


async def standing_of(session: AsyncSession, lead_id: UUID) -> Standing | None:
    row = (await session.execute(_STANDING, {"lead_id": lead_id})).first()
    return None if row is None else Standing(*row)


_STANDING = (
    select(LeadRow.status, CampaignRow.number_pool_id, LeadRow.run)
    .join(CampaignRow, CampaignRow.id == LeadRow.campaign_id)
    .where(LeadRow.id == bindparam("lead_id", type_=Uuid()))
)


async def mark_handed_over(session: AsyncSession, runs: Sequence[tuple[UUID, int]], now: datetime) -> None:
    """The engine has the workflows of these leads' runs. Safe to repeat: the first instant stands.

    A run that is over meanwhile, since its lead was called again, says nothing of the one that follows it.
    """
    of_these = tuple_(LeadRow.id, LeadRow.run).in_(runs)
    await session.execute(update(LeadRow).where(of_these, LeadRow.handed_over_at.is_(None)).values(handed_over_at=now))


async def hand_over_again(session: AsyncSession, lead_ids: Sequence[UUID]) -> None:
    """The engine has no workflow of these leads after all: the reconciliation starts one. Safe to repeat."""
    await session.execute(
        update(LeadRow).where(LeadRow.id.in_(lead_ids), LeadRow.status != LeadStatus.DONE).values(handed_over_at=None)
    )


async def end_without_workflow(session: AsyncSession, lead_id: UUID, now: datetime) -> bool:
    """Finish a lead whose workflow was ended from outside; False when it is done, or a call of it is still open."""
    is_open = exists().where(AttemptRow.lead_id == LeadRow.id, AttemptRow.status != AttemptStatus.DONE)
    statement = (
        update(LeadRow)
        .where(LeadRow.id == lead_id, LeadRow.status != LeadStatus.DONE, ~is_open)
        .values(
            status=LeadStatus.DONE,
            outcome=LeadOutcome.CANCELLED,
            cancelled_at=now,
            done_at=now,
            due_at=None,
            next_attempt_at=None,
            waiting_for=None,
        )
        .returning(LeadRow.id)
    )
    return (await session.execute(statement)).first() is not None


async def leads_with_expired_grants(session: AsyncSession, *, expired_before: datetime, limit: int) -> Sequence[UUID]:
    """Leads that hold a slot for a dial which can't leave any more."""
    query = (
        select(AttemptRow.lead_id)
        .where(AttemptRow.status == AttemptStatus.GRANTED, AttemptRow.not_after < expired_before)
        .order_by(AttemptRow.not_after)
        .limit(limit)
    )
    return (await session.scalars(query)).all()


async def next_due_lead(session: AsyncSession, number_pool_id: UUID, now: datetime) -> WaitingLead | None:
    """Of the leads that this pool may serve now, the one whose turn it is.

    Those called ahead go first. Then the best priority decides; among campaigns with leads of that priority, the one
    with the fewest live calls; at last, who has been due the longest. Leads of a campaign that is held up, at its own
    cap or waiting for its own pace aren't among them: they must not keep those of others waiting.
    """
    campaigns = callable_campaigns(now, [number_pool_id])
    turns = union_all(_first_called_ahead(campaigns, now), _first_by_priority(campaigns, now)).subquery("turns")
    query = (
        select(turns.c.id, turns.c.run, turns.c.by_probe).order_by(turns.c.rank, turns.c.live, turns.c.since).limit(1)
    )
    row = (await session.execute(query)).first()
    return None if row is None else WaitingLead(*row)


def _first_called_ahead(campaigns: CTE, now: datetime) -> Select[Any]:
    first = (
        select(LeadRow.id, LeadRow.run, LeadRow.called_ahead_at)
        .where(LeadRow.campaign_id == campaigns.c.id, LeadRow.called_ahead_at.is_not(None), *_is_due(now))
        .order_by(LeadRow.called_ahead_at)
        .limit(1)
        .lateral("called_ahead")
    )
    order = (literal(0).label("rank"), literal(0).label("live"), first.c.called_ahead_at.label("since"))
    return select(first.c.id, first.c.run, campaigns.c.by_probe, *order).select_from(campaigns.join(first, true()))


def _first_by_priority(campaigns: CTE, now: datetime) -> Select[Any]:
    """One look into the index for each campaign and priority: where a priority is open, ``due_at`` isn't in order."""
    priorities = (
        func.generate_series(BEST_PRIORITY, LAST_PRIORITY).table_valued("priority", name="priorities").render_derived()
    )
    first = (
        select(LeadRow.id, LeadRow.run, LeadRow.due_at)
        .where(LeadRow.campaign_id == campaigns.c.id, LeadRow.priority == priorities.c.priority, *_is_due(now))
        .order_by(LeadRow.due_at)
        .limit(1)
        .lateral("by_priority")
    )
    order = (priorities.c.priority.label("rank"), campaigns.c.live.label("live"), first.c.due_at.label("since"))
    every = campaigns.join(priorities, true()).join(first, true())
    return select(first.c.id, first.c.run, campaigns.c.by_probe, *order).select_from(every)


async def somebody_waits(session: AsyncSession, number_pool_id: UUID, now: datetime, *, but_for: UUID) -> bool:
    """Whether another lead than this one stands in line for the pool's slots."""
    campaigns = callable_campaigns(now, [number_pool_id])
    is_waiting = _has_due_lead(campaigns, now).where(LeadRow.id != but_for)
    return bool(await session.scalar(select(exists(select(campaigns.c.id).where(is_waiting)))))


async def pools_with_due_leads(session: AsyncSession, now: datetime) -> Sequence[UUID]:
    campaigns = callable_campaigns(now)
    query = select(campaigns.c.number_pool_id).where(_has_due_lead(campaigns, now)).distinct()
    return (await session.scalars(query)).all()


async def pools_in_turn(session: AsyncSession, number_pool_id: UUID, now: datetime) -> Sequence[UUID]:
    """The pools that room in this pool may serve, those with the fewest live calls first.

    A cap on the live calls of an account or an organisation is shared by its pools, so a slot that comes free in one
    may be another's to fill. Without such a cap it is this pool alone, and one look tells.
    """
    sharing = await _pools_sharing_a_cap(session, number_pool_id)
    if not sharing:
        return [number_pool_id]
    campaigns = callable_campaigns(now, [number_pool_id, *sharing])
    waiting = select(campaigns.c.number_pool_id).where(_has_due_lead(campaigns, now))
    query = (
        select(NumberPoolRow.id)
        .where(or_(NumberPoolRow.id == number_pool_id, NumberPoolRow.id.in_(waiting)))
        .order_by(live_calls_of(AttemptRow.number_pool_id, NumberPoolRow.id), NumberPoolRow.id)
    )
    return (await session.scalars(query)).all()


async def _pools_sharing_a_cap(session: AsyncSession, number_pool_id: UUID) -> Sequence[UUID]:
    own = aliased(NumberPoolRow)
    in_account = and_(NumberPoolRow.account_id == own.account_id, ACCOUNT_CAP.is_not(None))
    in_organization = and_(
        NumberPoolRow.organization_id == own.organization_id, OrganizationRow.max_live_calls.is_not(None)
    )
    query = (
        select(NumberPoolRow.id)
        .join(own, and_(own.id == number_pool_id, own.id != NumberPoolRow.id))
        .join(AccountRow, AccountRow.id == own.account_id)
        .join(OrganizationRow, OrganizationRow.id == own.organization_id)
        .where(or_(in_account, in_organization))
    )
    return (await session.scalars(query)).all()


def _has_due_lead(campaigns: CTE, now: datetime) -> Exists:
    """Every priority is named, so that ``due_at`` bounds the look into the index."""
    priorities = range(BEST_PRIORITY, LAST_PRIORITY + 1)
    return exists().where(LeadRow.campaign_id == campaigns.c.id, LeadRow.priority.in_(priorities), *_is_due(now))


def _is_due(now: datetime) -> Sequence[ColumnElement[bool]]:
    """Waits for nothing but a slot, in hours that go on, and has a workflow that can take it up."""
    return (
        # A literal: the planner must see that the partial indexes hold what is asked for.
        LeadRow.status == literal_column(f"'{LeadStatus.NEW}'"),
        LeadRow.due_at <= now,
        or_(LeadRow.open_until.is_(None), LeadRow.open_until > now),
        LeadRow.handed_over_at.is_not(None),
    )


def callable_campaigns(now: datetime, number_pool_ids: Sequence[UUID] | None = None) -> CTE:
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
        )
    )
    if number_pool_ids is not None:
        query = query.where(CampaignRow.number_pool_id.in_(number_pool_ids))
    return query.cte("callable_campaigns").prefix_with("MATERIALIZED")


async def leads_to_hand_over(
    session: AsyncSession, *, created_before: datetime, limit: int, but_for: Collection[UUID] = ()
) -> Sequence[LeadToHandOver]:
    """Leads whose workflow the engine may not have: those of running campaigns first, then nearest due first.

    A lead that nobody has planned yet is taken to be due when it may be called at the earliest, or came in.
    """
    due = func.coalesce(LeadRow.due_at, LeadRow.not_before, LeadRow.created_at)
    # One look into the index for each campaign: those of a draft that wait in thousands keep nobody waiting.
    nearest = (
        select(LeadRow.id, LeadRow.run, LeadRow.organization_id, due.label("due"))
        .where(
            LeadRow.campaign_id == CampaignRow.id,
            LeadRow.handed_over_at.is_(None),
            LeadRow.status != literal_column(f"'{LeadStatus.DONE}'"),
            LeadRow.created_at < created_before,
            LeadRow.id.not_in(but_for),
        )
        .order_by(due)
        .limit(limit)
        .lateral("nearest")
    )
    is_held_up = or_(CampaignRow.status != CampaignStatus.RUNNING, CampaignRow.parked_at.is_not(None))
    query = (
        select(nearest.c.id, nearest.c.run, CampaignRow.id, CampaignRow.name, nearest.c.organization_id)
        .join(nearest, true())
        .order_by(is_held_up, nearest.c.due)
        .limit(limit)
    )
    return [LeadToHandOver(*row) for row in await session.execute(query)]


async def leads_with_overdue_attempts(
    session: AsyncSession, *, overdue_before: datetime, limit: int
) -> Sequence[WaitingLead]:
    """Leads whose open attempt should have been looked after by now."""
    query = (
        select(LeadRow.id, LeadRow.run)
        .join(AttemptRow, AttemptRow.lead_id == LeadRow.id)
        .where(AttemptRow.status != AttemptStatus.DONE, AttemptRow.look_up_at < overdue_before)
        .order_by(AttemptRow.look_up_at)
        .limit(limit)
    )
    return [WaitingLead(*row) for row in await session.execute(query)]
