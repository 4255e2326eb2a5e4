"""Transactions through the driver itself, for what is written many times a second (decision 33)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from storage.looks import Looking, Lookout


class DriverTransactions:
    """Over the connections of the sessions."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession]) -> None:
        self._lookout = Lookout(sessions)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Looking]:
        """Committed at its end, taken back when something is raised.

        Raises:
            asyncpg.PostgresError: and whatever else the driver raises.
        """
        async with self._lookout.looking() as looking, looking.driver.transaction():
            yield looking
