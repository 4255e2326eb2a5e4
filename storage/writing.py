"""Changes of many rows, written with one round trip for all of which the same columns changed.

Through the driver itself, as ``storage.looks`` reads: a session's own flush writes rows in the order of their keys, and
begins another statement wherever other columns changed than in the row before.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Table, bindparam, update
from sqlalchemy.orm.attributes import instance_state, set_committed_value

from storage.looks import DIALECT, Looking
from storage.models import AttemptRow, LeadRow

Row = AttemptRow | LeadRow

_ID = "row_id"


Senders = Callable[[str, object], object]
"""Of a column's value what the driver is given: it doesn't take all of them as they are."""


@dataclass(frozen=True, slots=True)
class _Written:
    """A statement as the driver takes it."""

    text: str
    order: Sequence[str]
    sent: Senders

    def arguments(self, row: Row) -> list[Any]:
        return [row.id if name == _ID else self.sent(name, getattr(row, name)) for name in self.order]


async def write_changes(via: Looking, rows: Iterable[Row]) -> None:
    """Write what was set in these rows and isn't written yet.

    Args:
        via: In the transaction in which they were read and locked.
        rows: Each of them once.
    """
    alike: defaultdict[tuple[type[Row], frozenset[str]], list[Row]] = defaultdict(list)
    for row in rows:
        if changed := changed_in(row):
            alike[type(row), changed].append(row)
    for (kind, columns), of_kind in alike.items():
        names = tuple(sorted(columns))
        written = _update(kind.__tablename__, names)
        await via.driver.executemany(written.text, [written.arguments(row) for row in of_kind])
        for row in of_kind:
            for name in names:
                set_committed_value(row, name, getattr(row, name))


def changed_in(row: Row) -> frozenset[str]:
    """Of what was set the columns that have another value than before, or one that wasn't read."""
    state = instance_state(row)
    before = state.committed_state
    return frozenset(name for name, value in before.items() if state.dict[name] != value)


@lru_cache(maxsize=256)
def _update(table_name: str, names: Sequence[str]) -> _Written:
    table = AttemptRow.metadata.tables[table_name]
    values: dict[str, Any] = {name: bindparam(name, type_=table.c[name].type) for name in names}
    statement = update(table).where(table.c.id == bindparam(_ID, type_=table.c.id.type)).values(values)
    written = statement.compile(dialect=DIALECT).construct_expanded_state(dict.fromkeys((*names, _ID)))
    return _Written(written.statement, tuple(written.positiontup or ()), senders_of(table, names))


def senders_of(table: Table, names: Sequence[str]) -> Senders:
    """For these columns of a table."""
    processors = {name: table.c[name].type.dialect_impl(DIALECT).bind_processor(DIALECT) for name in names}
    as_sent: Mapping[str, Callable[[Any], Any]] = {name: one for name, one in processors.items() if one is not None}
    return lambda name, value: as_sent[name](value) if name in as_sent else value
