"""What tells whether a refused request is its lead's fault or its campaign's. Seen without locks."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.refused_requests import OtherDial, RequestRefusal
from storage.models import AttemptRow, LeadRow

LOOKED_AT = 500
"""Attempts of the campaign, the newest: more are never read, whatever they came to."""


async def dials_of_others(
    session: AsyncSession, campaign_id: UUID, *, but_for: UUID, since: datetime
) -> Sequence[OtherDial]:
    """What the campaign's other leads met with lately, newest first.

    Args:
        but_for: The lead whose own dials aren't among them.
        since: What was over before this isn't among them either.
    """
    newest = _newest(campaign_id).subquery()
    is_taken = newest.c.call_id.is_not(None)
    is_recent = or_(newest.c.slot_released_at.is_(None), newest.c.slot_released_at >= since)
    is_refused = newest.c.disconnection_reason == RequestRefusal.UNCLEAR
    query = (
        select(newest.c.lead_id, is_taken)
        .where(newest.c.lead_id != but_for, is_recent, or_(is_taken, is_refused))
        .order_by(newest.c.created_at.desc(), newest.c.id.desc())
    )
    return [OtherDial(lead_id, was_taken) for lead_id, was_taken in await session.execute(query)]


async def refusals_of(session: AsyncSession, lead_id: UUID) -> Sequence[RequestRefusal]:
    """The refused requests of this run of the lead since its last call that counts, oldest first."""
    own = AttemptRow.lead_id == lead_id
    last_counted = select(func.coalesce(func.max(AttemptRow.number), 0)).where(own, AttemptRow.counts.is_(True))
    query = (
        select(AttemptRow.disconnection_reason)
        .join(LeadRow, LeadRow.id == AttemptRow.lead_id)
        .where(
            own,
            AttemptRow.disconnection_reason.in_(list(RequestRefusal)),
            AttemptRow.number > LeadRow.earlier_attempts,
            AttemptRow.number > last_counted.scalar_subquery(),
        )
        .order_by(AttemptRow.number)
    )
    return [RequestRefusal(reason) for reason in await session.scalars(query) if reason is not None]


def _newest(campaign_id: UUID) -> Select[UUID, datetime, UUID, str | None, str | None, datetime | None]:
    attempt = AttemptRow
    columns = (attempt.id, attempt.created_at, attempt.lead_id, attempt.call_id, attempt.disconnection_reason)
    query = select(*columns, attempt.slot_released_at).where(attempt.campaign_id == campaign_id)
    return query.order_by(attempt.created_at.desc(), attempt.id.desc()).limit(LOOKED_AT)
