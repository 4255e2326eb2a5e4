"""Whether the database answers."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


async def answers(session: AsyncSession) -> None:
    """Returns when the database has answered, and raises what it raises."""
    await session.execute(text("select 1"))
