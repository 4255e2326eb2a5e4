"""Looks for what was planted: in every column of every table that could hold it."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

COLUMNS = """
select table_name, column_name from information_schema.columns
where table_schema = 'public' and data_type in ('text', 'character varying', 'json', 'jsonb', 'ARRAY', 'bytea')
"""


async def found_in_the_database(
    sessions: async_sessionmaker[AsyncSession], traces: Sequence[str]
) -> dict[str, set[str]]:
    """Which of the traces stand in which columns, however they are written."""
    found: dict[str, set[str]] = {}
    async with sessions() as session:
        for table, column in await session.execute(text(COLUMNS)):
            shown = f"encode({column}, 'escape')" if column == "content" else f"{column}::text"
            rows = await session.scalars(text(f"select {shown} from {table}"))  # noqa: S608 - names of our own tables
            kept = " ".join(row or "" for row in rows).lower()
            there = {trace for trace in traces if trace.lower() in kept}
            if there:
                found[f"{table}.{column}"] = there
    return found
