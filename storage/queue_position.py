"""Where a lead that waits for a slot stands in its pool's queue."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from domain.queue_estimate import Queue
from domain.vocabulary import CampaignStatus, LeadStatus
from storage.budgets import seems_used_up
from storage.models import AccountRow, AttemptRow, CampaignRow, LeadRow, NumberPoolRow, OrganizationRow
from storage.pilots import is_pilot_over

LATELY = timedelta(minutes=10)


async def queue_of(session: AsyncSession, lead: LeadRow, now: datetime) -> Queue | None:
    """The queue before a lead that is due; None where somebody holds its campaign up, so that nobody's turn comes.

    Those called ahead go first, then by priority, then whoever has been due the longest.
    """
    pool = (await session.execute(_pool_if_running(lead))).first()
    if pool is None:
        return None
    # Each of these is one range of an index; "or" between them would read all that wait, also for tomorrow.
    before = [_in_line(lead, pool.id, now, ahead).scalar_subquery() for ahead in _ahead_of(lead)]
    ended = _ended_lately(lead, pool.id, timedelta(seconds=pool.longest_call), now).subquery()
    query = select(sum(before[1:], before[0]), ended.c.ended, ended.c.earliest).select_from(ended)
    count, calls_ended, earliest = (await session.execute(query)).one()
    return Queue(
        before=count,
        calls_ended=calls_ended,
        ended_within=min(LATELY, now - earliest) if earliest is not None else LATELY,
        live_calls=pool.max_live_calls,
        calls_per_second=pool.max_calls_per_second,
    )


def _pool_if_running(lead: LeadRow) -> Select[UUID, int, float, int]:
    """The lead's pool, with the seconds that the longest call of any of its campaigns takes."""
    others = aliased(CampaignRow)
    longest = select(func.max(others.ring_seconds + others.max_call_seconds))
    longest_call = longest.where(others.number_pool_id == NumberPoolRow.id).scalar_subquery().label("longest_call")
    return (
        select(NumberPoolRow.id, NumberPoolRow.max_live_calls, NumberPoolRow.max_calls_per_second, longest_call)
        .join(CampaignRow, CampaignRow.number_pool_id == NumberPoolRow.id)
        .join(AccountRow, AccountRow.id == NumberPoolRow.account_id)
        .join(OrganizationRow, OrganizationRow.id == NumberPoolRow.organization_id)
        .where(
            CampaignRow.id == lead.campaign_id,
            *_IS_RUNNING,
            ~is_pilot_over(),
            ~seems_used_up(),
            NumberPoolRow.parked_at.is_(None),
            AccountRow.parked_at.is_(None),
            OrganizationRow.stopped_at.is_(None),
        )
    )


_IS_RUNNING = (CampaignRow.status == CampaignStatus.RUNNING, CampaignRow.parked_at.is_(None))


def _ahead_of(lead: LeadRow) -> list[tuple[ColumnElement[bool], ...]]:
    """The kinds of leads that go before this one, none of them counted twice."""
    is_called_ahead = LeadRow.called_ahead_at.is_not(None)
    same_kind = is_called_ahead if lead.called_ahead_at is not None else ~is_called_ahead
    by_priority: list[tuple[ColumnElement[bool], ...]] = [
        (same_kind, LeadRow.priority.in_(range(1, lead.priority))),
        # Many come due at one instant; their order among themselves is nobody's promise, but each has a place.
        (same_kind, LeadRow.priority == lead.priority, tuple_(LeadRow.due_at, LeadRow.id) < (lead.due_at, lead.id)),
    ]
    return by_priority if lead.called_ahead_at is not None else [(is_called_ahead,), *by_priority]


def _in_line(lead: LeadRow, number_pool_id: UUID, now: datetime, ahead: tuple[ColumnElement[bool], ...]) -> Select[int]:
    running = select(CampaignRow.id).where(CampaignRow.number_pool_id == number_pool_id, *_IS_RUNNING)
    return select(func.count()).where(
        LeadRow.campaign_id.in_(running),
        LeadRow.status == LeadStatus.NEW,
        LeadRow.due_at <= now,
        or_(LeadRow.open_until.is_(None), LeadRow.open_until > now),
        LeadRow.id != lead.id,
        *ahead,
    )


def _ended_lately(lead: LeadRow, number_pool_id: UUID, longest_call: timedelta, now: datetime) -> Select[int, datetime]:
    """How many calls of the pool ended lately, and when the first of these began.

    Found by when they began, for which there is an index: no earlier than the longest of them takes.
    """
    since = now - LATELY
    return select(func.count().label("ended"), func.min(AttemptRow.created_at).label("earliest")).where(
        AttemptRow.organization_id == lead.organization_id,
        AttemptRow.created_at > since - longest_call,
        AttemptRow.number_pool_id == number_pool_id,
        AttemptRow.slot_released_at > since,
        AttemptRow.counts.is_not(False),
    )
