"""Calls that people made to their own phones."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from storage.models import TrialCallRow


async def get_trial_call(session: AsyncSession, organization_id: UUID, call_id: str) -> TrialCallRow | None:
    query = select(TrialCallRow).where(TrialCallRow.organization_id == organization_id, TrialCallRow.call_id == call_id)
    return await session.scalar(query)


async def calls_since(session: AsyncSession, organization_id: UUID, since: datetime) -> int:
    """How many were made, whether or not they came about."""
    made = (TrialCallRow.organization_id == organization_id, TrialCallRow.created_at >= since)
    return await session.scalar(select(func.count()).where(*made)) or 0


async def note_taken(session: AsyncSession, trial_id: UUID, call_id: str) -> None:
    """The provider has taken the call."""
    await session.execute(update(TrialCallRow).where(TrialCallRow.id == trial_id).values(call_id=call_id))
