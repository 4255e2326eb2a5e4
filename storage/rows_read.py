"""Rows made of what the driver read, as if a session had read them: and let go of them, or holds them still."""

from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from typing import Any, Generic, TypeVar, cast

from sqlalchemy import inspect
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute, Mapper
from sqlalchemy.orm.attributes import instance_state, set_committed_value

from storage.models.base import Base

Row = TypeVar("Row", bound=Base)


async def write_pending(session: AsyncSession) -> None:
    """Write what was set in rows of the session, as the session does by itself before it reads anything."""
    if session.autoflush and (session.new or session.dirty):
        await session.flush()


class RowsOf(Generic[Row]):
    """Makes rows of one table, of all its columns or of some.

    Attributes:
        columns: What has to be selected, in this order. The key is always among it.
    """

    def __init__(self, kind: type[Row], *, only: Collection[str] = (), but: Collection[str] = ()) -> None:
        self._kind = kind
        self._mapper: Mapper[Any] = inspect(kind)
        every = [attribute.key for attribute in self._mapper.column_attrs]
        self._names = [name for name in every if name not in but and (not only or name in only)]
        self.columns: Sequence[InstrumentedAttribute[Any]] = [getattr(kind, name) for name in self._names]
        self._manager = self._mapper.class_manager
        # What SQLAlchemy would load when it is asked for, once the row is known to a session.
        self._unread = {
            name
            for name, attribute in self._manager.items()
            if name not in self._names and attribute.impl.accepts_scalar_loader
        }

    def made_of(self, values: Sequence[Any]) -> Row:
        """The row with these values.

        What is set in it is known as changed; to ask for a column that wasn't read raises
        ``sqlalchemy.orm.exc.DetachedInstanceError``.
        """
        # As ``make_transient_to_detached`` does it, which finds out each time what is always the same.
        row = cast("Row", self._manager.new_instance())
        state = instance_state(row)
        state.dict.update(zip(self._names, values, strict=True))
        state.key = self._mapper.identity_key_from_instance(row)
        state.expired_attributes.update(self._unread)
        return row

    def known_to(self, session: AsyncSession, values: Sequence[Any]) -> Row:
        """The row with these values, as if the session had just read it; what is set in it is written by its flush.

        A row that the session knows already takes these values, whatever was set in it before (``write_pending``). To
        ask for a column that wasn't read raises ``sqlalchemy.exc.MissingGreenlet``.
        """
        made = self.made_of(values)
        known = session.identity_map.get(self._mapper.identity_key_from_instance(made))
        if not isinstance(known, self._kind):
            session.add(made)
            return made
        for name, value in zip(self._names, values, strict=True):
            set_committed_value(known, name, value)
        return known

    def next_known_to(self, session: AsyncSession, values: Iterator[Any]) -> Row:
        """As ``known_to``, of a row of several tables: takes as many of the values that are left as it has columns."""
        return self.known_to(session, list(islice(values, len(self.columns))))
