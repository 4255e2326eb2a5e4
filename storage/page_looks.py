"""Pages of what is asked for all day: their statements are put together once for each kind of question."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import Select, bindparam
from sqlalchemy.orm import InstrumentedAttribute

from storage.looks import Look, Via
from storage.models.base import Base
from storage.pages import Cursor, ListKey, Page, in_order, page_of

KINDS = 256
"""Of questions to one list whose statements are kept. Mostly there are some dozens; no caller can fill the memory."""

Placed: TypeAlias = tuple[Any, ...]
"""A row of a list, and behind its values the instant and the id that are its place."""


def columns_of(table: type[Base], names: Sequence[str]) -> Sequence[InstrumentedAttribute[Any]]:
    """The table's columns with these names."""
    return [getattr(table, name) for name in names]


def page_look(statement: Select[*tuple[Any, ...]], key: ListKey, *, limit: int, goes_on: bool) -> Look:
    """For ``page_by``.

    Args:
        statement: Selects the rows; neither ordered nor limited yet.
        key: What orders the list.
        limit: Rows at most.
        goes_on: Whether a page comes before this one.
    """
    instant, row_id = key
    place = (bindparam("after_instant", type_=instant.type), bindparam("after_id", type_=row_id.type))
    return Look(in_order(statement, key, limit=limit, after=place if goes_on else None))


async def page_by(
    look: Look, via: Via, given: Mapping[str, object], *, limit: int, after: Cursor | None
) -> Page[Placed]:
    """One page, newest first; ``given`` are the values that the statement leaves open."""
    place: Mapping[str, object] = {} if after is None else {"after_instant": after.instant, "after_id": after.row_id}
    return page_of(await look.rows(via, **given, **place), limit)


def place_of(row: Placed) -> tuple[Any, UUID]:
    """What orders the list."""
    instant, row_id = row[-2:]
    return instant, row_id
