"""Looks: statements that are put together once and said through the driver itself.

A life asks more than a dozen small questions that lock nothing, and SQLAlchemy's way to such a row costs three to five
times what the driver's does (decision 22). So it writes the statement, once, and the driver asks it.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, TextClause, UpdateBase
from sqlalchemy.dialects.postgresql.asyncpg import dialect
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker
from sqlalchemy.orm import Session
from sqlalchemy.util import greenlet_spawn

DIALECT = dialect()  # type: ignore[no-untyped-call]


@dataclass(frozen=True, slots=True)
class Looking:
    """The driver's own connection: each look stands alone on it, unless somebody began a transaction there."""

    driver: Any


Via = AsyncSession | Looking


class Look:
    """A statement whose parameters are given by name: those that it leaves open, all others stand in it.

    One that writes gives rows as well, by ``returning``.
    """

    def __init__(self, statement: Select[*tuple[Any, ...]] | UpdateBase | TextClause) -> None:
        compiled = statement.compile(dialect=DIALECT)
        self._open = frozenset(name for name, bind in compiled.binds.items() if bind.required)
        written = compiled.construct_expanded_state(dict.fromkeys(self._open))
        self._statement = statement
        self._text = written.statement
        self._order = tuple((name, written.parameters[name]) for name in written.positiontup or ())

    async def first(self, via: Via, **given: object) -> tuple[Any, ...] | None:
        """The first row, or None.

        Within a session it is part of the transaction, once that has begun; nothing that is pending is written before.

        Raises:
            asyncpg.PostgresError: and whatever else the driver raises; SQLAlchemy's own where nothing has begun.
        """
        rows = await self._ask(via, given)
        return tuple(rows[0]) if rows else None

    async def value(self, via: Via, **given: object) -> Any:  # noqa: ANN401  (a column has any type)
        """The first column of the first row; None without one."""
        row = await self.first(via, **given)
        return None if row is None else row[0]

    async def rows(self, via: Via, **given: object) -> Sequence[tuple[Any, ...]]:
        """All rows."""
        return [tuple(row) for row in await self._ask(via, given)]

    async def column(self, via: Via, **given: object) -> Sequence[Any]:
        """The first column of all rows."""
        return [row[0] for row in await self._ask(via, given)]

    async def _ask(self, via: Via, given: dict[str, object]) -> Sequence[Any]:
        if isinstance(via, Looking):
            return await self._fetch(via.driver, given)
        driver = await via.run_sync(_driver_of)
        if driver.is_in_transaction():
            return await self._fetch(driver, given)
        begun: Sequence[Any] = (await via.execute(self._statement, given)).all()  # which begins one
        return begun

    async def _fetch(self, driver: Any, given: dict[str, object]) -> Sequence[Any]:  # noqa: ANN401  (it has no types)
        rows: Sequence[Any] = await driver.fetch(self._text, *self._arguments(given))
        return rows

    def _arguments(self, given: dict[str, object]) -> Iterator[object]:
        return (given[name] if name in self._open else constant for name, constant in self._order)


class Lookout:
    """Where looks that are part of no transaction get their connections: those of the sessions."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession]) -> None:
        engine = sessions.kw["bind"]
        if not isinstance(engine, AsyncEngine):
            msg = "a lookout needs an engine to look through"
            raise TypeError(msg)
        self.engine = engine

    @asynccontextmanager
    async def looking(self) -> AsyncIterator[Looking]:
        """For looks that needn't be of one moment. A connection on which one failed isn't used again."""
        connection = await self.engine.raw_connection()
        try:
            yield Looking(connection.driver_connection)
        except BaseException:
            await greenlet_spawn(connection.invalidate)
            raise
        await greenlet_spawn(connection.close)


def _driver_of(session: Session) -> Any:  # noqa: ANN401  (the driver has no types)
    return session.connection().connection.driver_connection
