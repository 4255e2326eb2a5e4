"""Calls that are to be ended at once."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.vocabulary import AttemptStatus
from storage.models import AttemptRow, LeadRow

_MAY_RING = (AttemptStatus.DIALLING, AttemptStatus.UNCONFIRMED, AttemptStatus.IN_PROGRESS)


class Ending(NamedTuple):
    """A call that is to be ended. ``call_id``: the provider's, as soon as it has told it."""

    attempt_id: UUID
    lead_id: UUID
    run: int
    account_id: UUID
    call_id: str | None


async def hang_up_all(session: AsyncSession, organization_id: UUID, *, now: datetime) -> Sequence[Ending]:
    """Have every call of the organisation's leads ended that is live, rings or may ring. One statement; safe to repeat.

    The wish is the call's and not its lead's, whose next call isn't meant. Nor is a grant, which goes no further while
    calling is stopped; callers hold the organisation's lock, so that none passes the gate meanwhile. The calls are
    locked in the order in which everybody locks several.

    Returns:
        The calls, which their leads' workflows end once they are woken. They are due to be looked up from now on, so
        that the reconciliation wakes those that nobody did.
    """
    live = (
        select(AttemptRow.id)
        .where(
            AttemptRow.organization_id == organization_id,
            AttemptRow.slot_released_at.is_(None),
            AttemptRow.status.in_(_MAY_RING),
        )
        .order_by(AttemptRow.lead_id, AttemptRow.number)
        .with_for_update(key_share=True)
    )
    statement = (
        update(AttemptRow)
        .where(AttemptRow.id.in_(live.scalar_subquery()), LeadRow.id == AttemptRow.lead_id)
        .values(hang_up_at=func.coalesce(AttemptRow.hang_up_at, now), look_up_at=now)
        .returning(AttemptRow.id, LeadRow.id, LeadRow.run, AttemptRow.account_id, AttemptRow.call_id)
        .execution_options(synchronize_session=False)
    )
    return [Ending._make(row) for row in await session.execute(statement)]
