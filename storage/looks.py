"""Looks: statements that are put together once and said through the driver itself.

A life asks more than a dozen small questions and locks a few rows, and SQLAlchemy's way to such a row costs three to
five times what the driver's does (decision 22). So it writes the statement, once, and the driver says it.
"""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import JSON, BindParameter, ColumnElement, Select, TextClause, UpdateBase, bindparam
from sqlalchemy.dialects.postgresql.asyncpg import dialect
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.sql.visitors import replacement_traverse
from sqlalchemy.util import greenlet_spawn

DIALECT = dialect()  # type: ignore[no-untyped-call]


@dataclass(frozen=True, slots=True)
class Looking:
    """The driver's own connection: each look stands alone on it, unless somebody began a transaction there."""

    driver: Any


Via = AsyncSession | Looking


class Look:
    """A statement whose parameters are given by name: those that it leaves open, all others stand in it.

    What is constant is written out in a query, so that PostgreSQL knows it when it makes the one plan that is kept:
    for a limit that it doesn't know it expects thousands of rows, and makes a plan anew each time. One that writes
    gives rows as well, by ``returning``.
    """

    def __init__(self, statement: Select[*tuple[Any, ...]] | UpdateBase | TextClause) -> None:
        wanted = _with_constants_written_out(statement) if isinstance(statement, Select) else statement
        compiled = wanted.compile(dialect=DIALECT)
        self._open = frozenset(name for name, bind in compiled.binds.items() if bind.required)
        written = compiled.construct_expanded_state(dict.fromkeys(self._open))
        self._text = written.statement
        self._order = tuple((name, written.parameters[name]) for name in written.positiontup or ())
        opened = {name: compiled.binds[name] for name in self._open}
        self._to_json = {name: _json_writer(bind) for name, bind in opened.items() if isinstance(bind.type, JSON)}

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
        connection = await via.connection()
        return (await connection.exec_driver_sql(self._text, tuple(self._arguments(given)))).all()  # which begins one

    async def _fetch(self, driver: Any, given: dict[str, object]) -> Sequence[Any]:  # noqa: ANN401  (it has no types)
        rows: Sequence[Any] = await driver.fetch(self._text, *self._arguments(given))
        return rows

    def _arguments(self, given: dict[str, object]) -> Iterator[object]:
        given |= {name: write(given[name]) for name, write in self._to_json.items()}
        return (given[name] if name in self._open else constant for name, constant in self._order)


def is_given(column: InstrumentedAttribute[Any], name: str) -> ColumnElement[bool]:
    """Whether the column has the value that a look is given by this name."""
    return column == bindparam(name, type_=column.type)


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
        """For looks that needn't be of one moment, or for a transaction.

        What was refused, or taken back, leaves a connection as it was; one on which somebody was interrupted isn't used
        again.
        """
        connection = await self.engine.raw_connection()
        driver: Any = connection.driver_connection
        try:
            yield Looking(driver)
        except BaseException as error:
            is_as_it_was = not driver.is_closed() and not driver.is_in_transaction()
            is_well = is_as_it_was and isinstance(error, Exception)
            await greenlet_spawn(connection.close if is_well else connection.invalidate)
            raise
        await greenlet_spawn(connection.close)


def _json_writer(bind: BindParameter[Any]) -> Callable[[Any], Any]:
    """The driver is given JSON as text."""
    written: Callable[[Any], Any] | None = bind.type.dialect_impl(DIALECT).bind_processor(DIALECT)
    if written is None:
        msg = "SQLAlchemy writes JSON itself with this driver"
        raise TypeError(msg)
    return written


def _with_constants_written_out(query: Any) -> Any:  # noqa: ANN401  (a statement has no one type there)
    def written_out(element: Any, **_: Any) -> Any:  # noqa: ANN401  (of any kind)
        if (
            isinstance(element, BindParameter)
            and not element.required
            and element.type.literal_processor(DIALECT) is not None
        ):
            return element.render_literal_execute()
        return None

    return replacement_traverse(query, {}, written_out)


def _driver_of(session: Session) -> Any:  # noqa: ANN401  (the driver has no types)
    return session.connection().connection.driver_connection
