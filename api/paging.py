"""The two query parameters of every list."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query

from api.problems import Invalid
from storage.pages import Cursor, InvalidCursor, read_cursor

DEFAULT_LIMIT = 50
HIGHEST_LIMIT = 200
LONGEST_CURSOR = 64


@dataclass(frozen=True, slots=True)
class Paging:
    limit: int
    after: Cursor | None


async def paging(
    limit: Annotated[int, Query(ge=1, le=HIGHEST_LIMIT, description="How many items at most")] = DEFAULT_LIMIT,
    cursor: Annotated[
        str | None,
        Query(max_length=LONGEST_CURSOR, description="`next_cursor` of the page before; none for the first"),
    ] = None,
) -> Paging:
    try:
        return Paging(limit, read_cursor(cursor) if cursor else None)
    except InvalidCursor as error:
        raise Invalid("cursor", str(error)) from error


PagingQuery = Annotated[Paging, Depends(paging)]


def written(cursor: Cursor | None) -> str | None:
    return None if cursor is None else cursor.written()
