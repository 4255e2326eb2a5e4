"""Transactions through the driver itself, for what is written many times a second (decision 33)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.util import greenlet_spawn

from storage.looks import Looking, Lookout, is_as_it_was


class DriverTransactions:
    """Over the connections of the sessions."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession]) -> None:
        self._engine = Lookout(sessions).engine

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Looking]:
        """Committed at its end, taken back when something is raised.

        Raises:
            asyncpg.PostgresError: and whatever else the driver raises.
        """
        connection = await self._engine.raw_connection()
        driver: Any = connection.driver_connection
        try:
            async with driver.transaction():
                yield Looking(driver)
        except BaseException as error:
            # What was taken back leaves a connection as it was; one on which somebody was interrupted isn't used again.
            is_well = is_as_it_was(driver) and isinstance(error, Exception)
            await greenlet_spawn(connection.close if is_well else connection.invalidate)
            raise
        await greenlet_spawn(connection.close)
