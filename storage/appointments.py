"""How many leads of a pool were told to wake at one opening."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from storage.models import AppointmentRow


async def take_place(session: AsyncSession, number_pool_id: UUID, opens_at: datetime) -> int:
    """The place, from 0, of one more lead that wakes at this opening.

    The row stays locked until the caller commits: it comes last, after the lead, in the order of locks.
    """
    statement = insert(AppointmentRow).values(number_pool_id=number_pool_id, opens_at=opens_at, given=1)
    statement = statement.on_conflict_do_update(
        index_elements=["number_pool_id", "opens_at"], set_={"given": AppointmentRow.given + 1}
    )
    given = await session.scalar(statement.returning(AppointmentRow.given))
    return (given or 1) - 1


async def forget_openings(session: AsyncSession, *, before: datetime) -> None:
    """Openings that are over need no places."""
    await session.execute(delete(AppointmentRow).where(AppointmentRow.opens_at < before))
