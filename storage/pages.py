"""Lists in pages: newest first, by a cursor that stays right while rows are added.

A cursor names the last row that was seen, so no page counts rows and none is skipped or repeated.
"""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeAlias, TypeVar
from uuid import UUID

from sqlalchemy import Row, Select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

Item = TypeVar("Item")
Placed = TypeVar("Placed", bound=Sequence[Any])
"""A row with its place behind its values: the instant and the id."""

ListKey: TypeAlias = tuple[InstrumentedAttribute[Any], InstrumentedAttribute[UUID]]
"""The instant and the id that order a list; an index has to have them in this order."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_INSTANT_BYTES = 8


class InvalidCursor(ValueError):  # noqa: N818 - says what happened, as in the house's other error trees
    """The cursor didn't come from a page of this list: start again without one."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last row seen: its instant (UTC) and its id."""

    instant: datetime
    row_id: UUID

    def written(self) -> str:
        microseconds = (self.instant - _EPOCH) // _MICROSECOND
        packed = microseconds.to_bytes(_INSTANT_BYTES, "big", signed=True) + self.row_id.bytes
        return base64.urlsafe_b64encode(packed).decode().rstrip("=")


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """``next_cursor`` is None on the last page."""

    items: Sequence[Item]
    next_cursor: Cursor | None


def read_cursor(text: str) -> Cursor:
    """The cursor that ``Cursor.written`` gave.

    Raises:
        InvalidCursor: it was not written here.
    """
    try:
        packed = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
        microseconds = int.from_bytes(packed[:_INSTANT_BYTES], "big", signed=True)
        return Cursor(_EPOCH + microseconds * _MICROSECOND, UUID(bytes=packed[_INSTANT_BYTES:]))
    except (UnicodeEncodeError, binascii.Error, ValueError, OverflowError) as error:
        raise InvalidCursor("The cursor is not one that this list gave out.") from error


async def fetch_page(
    session: AsyncSession,
    statement: Select[*tuple[Any, ...]],
    key: ListKey,
    *,
    limit: int,
    after: Cursor | None,
) -> Page[Row[*tuple[Any, ...]]]:
    """One page of a statement's rows, newest first.

    Args:
        statement: Selects the rows; neither ordered nor limited yet.
        key: What orders the list.
        limit: Rows at most.
        after: The last row of the page before.
    """
    place = None if after is None else (after.instant, after.row_id)
    rows = (await session.execute(in_order(statement, key, limit=limit, after=place))).all()
    return page_of(rows, limit)


def in_order(
    statement: Select[*tuple[Any, ...]], key: ListKey, *, limit: int, after: tuple[Any, Any] | None
) -> Select[*tuple[Any, ...]]:
    """Newest first, with the place of each row behind its columns, and one row more than the page has.

    Args:
        statement: As for ``fetch_page``, with ``key`` and ``limit``.
        after: The place of the last row before: values, or parameters that stand for them.
    """
    instant, row_id = key
    if after is not None:
        statement = statement.where(tuple_(instant, row_id) < tuple_(*after))
    statement = statement.add_columns(instant.label("page_instant"), row_id.label("page_id"))
    return statement.order_by(instant.desc(), row_id.desc()).limit(limit + 1)


def page_of(rows: Sequence[Placed], limit: int) -> Page[Placed]:
    """The page of these rows, which ``in_order`` gave, and where it goes on."""
    return Page(rows[:limit], Cursor(*rows[limit - 1][-2:]) if len(rows) > limit else None)
