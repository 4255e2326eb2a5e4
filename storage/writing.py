"""Changes of many rows, written with one round trip for all of which the same columns changed.

A session's own flush writes rows in the order of their keys, and begins another statement wherever other columns
changed than in the row before: of many different rows nearly each costs a round trip of its own.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Table, Update, bindparam, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.attributes import instance_state, set_committed_value

from storage.models import AttemptRow, LeadRow

Row = AttemptRow | LeadRow

_ID = "row_id"


async def write_changes(session: AsyncSession, rows: Iterable[Row]) -> None:
    """Write what was set in these rows and isn't written yet; the session's flush finds nothing left to do.

    Args:
        rows: Read and locked in the session's transaction. Each of them once.
    """
    alike: defaultdict[tuple[type[Row], frozenset[str]], list[Row]] = defaultdict(list)
    for row in rows:
        if changed := _changed(row):
            alike[type(row), changed].append(row)
    for (kind, columns), of_kind in alike.items():
        names = sorted(columns)
        given = [{_ID: row.id, **{name: getattr(row, name) for name in names}} for row in of_kind]
        with session.no_autoflush:
            await session.execute(_update(kind.__tablename__, tuple(names)), given)
        for row in of_kind:
            for name in names:
                set_committed_value(row, name, getattr(row, name))


def _changed(row: Row) -> frozenset[str]:
    """Of what was set the columns that have another value than before, or one that wasn't read."""
    state = instance_state(row)
    before = state.committed_state
    return frozenset(name for name, value in before.items() if state.dict[name] != value)


@lru_cache(maxsize=256)
def _update(table_name: str, names: Sequence[str]) -> Update:
    table: Table = AttemptRow.metadata.tables[table_name]
    values: dict[str, Any] = {name: bindparam(name, type_=table.c[name].type) for name in names}
    return update(table).where(table.c.id == bindparam(_ID, type_=table.c.id.type)).values(values)
