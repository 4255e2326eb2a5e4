"""Leads on their way: which still have to be handed to the engine, which should have been looked after."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import exists, func, or_, select, true, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.vocabulary import AttemptStatus, CampaignStatus, LeadOutcome, LeadStatus
from storage.literals import written_out
from storage.models import AttemptRow, CampaignRow, LeadRow

# Literals: the planner must see that the partial index of open attempts holds what is asked for.
_GRANTED = written_out(AttemptStatus.GRANTED)
_DONE = written_out(AttemptStatus.DONE)


class LeadRun(NamedTuple):
    lead_id: UUID
    run: int


class LeadToHandOver(NamedTuple):
    lead_id: UUID
    run: int
    campaign_id: UUID
    campaign_name: str
    organization_id: UUID


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
        .where(AttemptRow.status == _GRANTED, AttemptRow.not_after < expired_before)
        .order_by(AttemptRow.not_after)
        .limit(limit)
    )
    return (await session.scalars(query)).all()


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
            LeadRow.status != written_out(LeadStatus.DONE),
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
) -> Sequence[LeadRun]:
    """Leads whose open attempt should have been looked after by now."""
    query = (
        select(LeadRow.id, LeadRow.run)
        .join(AttemptRow, AttemptRow.lead_id == LeadRow.id)
        .where(AttemptRow.status != _DONE, AttemptRow.look_up_at < overdue_before)
        .order_by(AttemptRow.look_up_at)
        .limit(limit)
    )
    return [LeadRun(*row) for row in await session.execute(query)]
