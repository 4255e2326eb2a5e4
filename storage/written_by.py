"""Whether something is still as it was, without reading it: the transactions that wrote its rows last.

PostgreSQL notes with each row which transaction wrote it (``xmin``), so another number means that a row was written,
and the same one that it wasn't. Long columns are never fetched for it.

Source: PostgreSQL 18, 5.6, system columns.
"""

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from sqlalchemy import ColumnElement, literal_column

from storage.models.base import Base
from storage.pages import Cursor

Version: TypeAlias = Sequence[object]
"""Equal to another one where nothing was written in between."""


def written_by(table: type[Base]) -> ColumnElement[str]:
    """Which transaction wrote a row of this table last."""
    return literal_column(f"{table.__tablename__}.xmin::text")


def version_of_page(rows: Iterable[Sequence[object]], next_cursor: Cursor | None) -> Version:
    """``rows``: an id each, and who wrote what is shown of it last."""
    return [*(tuple(row) for row in rows), next_cursor]
