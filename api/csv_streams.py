"""Tables and objects as streams: read page by page, so that however long they are, memory and connections aren't held.

Each page is a short transaction of its own: who reads slowly keeps nothing open in the database.
"""

import csv
import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from starlette.responses import StreamingResponse

from domain.formula_cells import disarmed
from storage.pages import Cursor, Page

Item = TypeVar("Item")
Row = TypeVar("Row")

CSV_TYPE = "text/csv; charset=utf-8"
NDJSON_TYPE = "application/x-ndjson"


async def pages_of(fetch: Callable[[Cursor | None], Awaitable[Page[Item]]]) -> AsyncIterator[Sequence[Item]]:
    """All pages of a list. The first one is read before anything is answered, so that what is wrong can be said."""
    first = await fetch(None)
    return _further(first, fetch)


async def _further(
    page: Page[Item], fetch: Callable[[Cursor | None], Awaitable[Page[Item]]]
) -> AsyncIterator[Sequence[Item]]:
    yield page.items
    while page.next_cursor is not None:
        page = await fetch(page.next_cursor)
        yield page.items


def csv_stream(
    name: str,
    header: Sequence[str],
    pages: AsyncIterator[Sequence[Item]],
    row_of: Callable[[Item], Iterable[object]],
) -> StreamingResponse:
    """A table, with all cells safe for spreadsheets."""

    async def lines() -> AsyncIterator[bytes]:
        yield _written([header])
        async for page in pages:
            yield _written([row_of(item) for item in page])

    return StreamingResponse(lines(), media_type=CSV_TYPE, headers=_as_file(f"{name}.csv"))


def ndjson_stream(
    name: str, pages: AsyncIterator[Sequence[Item]], object_of: Callable[[Item], Mapping[str, Any]]
) -> StreamingResponse:
    """One JSON object a line."""

    async def lines() -> AsyncIterator[bytes]:
        async for page in pages:
            objects = (json.dumps(object_of(item), ensure_ascii=False, separators=(",", ":")) for item in page)
            yield "".join(f"{one}\n" for one in objects).encode()

    return StreamingResponse(lines(), media_type=NDJSON_TYPE, headers=_as_file(f"{name}.ndjson"))


def _written(rows: Iterable[Iterable[object]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue().encode()


def _cell(value: object) -> str:
    if value is None:
        return ""
    return disarmed(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _as_file(name: str) -> Mapping[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
