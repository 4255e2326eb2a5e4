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
    return (await take_places(session, number_pool_id, opens_at, 1)).start


async def take_places(session: AsyncSession, number_pool_id: UUID, opens_at: datetime, count: int) -> range:
    """The places of so many more leads, one after the other; who takes some at several openings does so in order."""
    statement = insert(AppointmentRow).values(number_pool_id=number_pool_id, opens_at=opens_at, given=count)
    statement = statement.on_conflict_do_update(
        index_elements=["number_pool_id", "opens_at"], set_={"given": AppointmentRow.given + count}
    )
    given = (await session.scalars(statement.returning(AppointmentRow.given))).one()
    return range(given - count, given)


async def forget_openings(session: AsyncSession, *, before: datetime) -> None:
    """Openings that are over need no places."""
    await session.execute(delete(AppointmentRow).where(AppointmentRow.opens_at < before))
