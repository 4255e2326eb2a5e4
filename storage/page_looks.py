"""Pages of what is asked for all day: their statements are put together once for each kind of question."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import ColumnElement, Select, bindparam, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from storage.looks import Look, Via
from storage.models.base import Base
from storage.pages import Cursor, ListKey, Page, in_order

KINDS = 256
"""Of questions to one list whose statements are kept. Mostly there are some dozens; no caller can fill the memory."""

Placed: TypeAlias = tuple[Any, ...]
"""A row of a list, and behind its values the instant and the id that are its place."""


def columns_of(table: type[Base], names: Sequence[str]) -> Sequence[InstrumentedAttribute[Any]]:
    """The table's columns with these names."""
    return [getattr(table, name) for name in names]


def is_given(column: InstrumentedAttribute[Any], name: str) -> ColumnElement[bool]:
    """Whether the column has the value that is given by this name."""
    return column == bindparam(name, type_=column.type)


def page_look(statement: Select[*tuple[Any, ...]], key: ListKey, *, limit: int, goes_on: bool) -> Look:
    """For ``page_by``.

    Args:
        statement: Selects the rows; neither ordered nor limited yet.
        key: What orders the list.
        limit: Rows at most.
        goes_on: Whether a page comes before this one.
    """
    instant, row_id = key
    if goes_on:
        place = (bindparam("after_instant", type_=instant.type), bindparam("after_id", type_=row_id.type))
        statement = statement.where(tuple_(instant, row_id) < tuple_(*place))
    return Look(in_order(statement, key).limit(limit + 1))


async def page_by(
    look: Look, via: Via, given: Mapping[str, object], *, limit: int, after: Cursor | None
) -> Page[Placed]:
    """One page, newest first; ``given`` are the values that the statement leaves open."""
    place: Mapping[str, object] = {} if after is None else {"after_instant": after.instant, "after_id": after.row_id}
    rows = await look.rows(via, **given, **place)
    return Page(rows[:limit], Cursor(*place_of(rows[limit - 1])) if len(rows) > limit else None)


def place_of(row: Placed) -> tuple[Any, UUID]:
    """What orders the list."""
    instant, row_id = row[-2:]
    return instant, row_id
