"""Rows that were read without a lock, and are written only while they are still what was read.

Each write is one statement that stands alone and waits for no lock of a row: it does nothing where somebody has changed
one since, or holds one now. So a change costs two round trips, where a transaction takes two more to begin and to end.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Generic, TypeVar

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Table,
    Uuid,
    and_,
    bindparam,
    cast,
    exists,
    func,
    literal_column,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.sql.selectable import CTE

from storage.looks import DIALECT, Looking
from storage.models import AttemptRow, LeadRow, WebhookEventRow
from storage.webhook_events import COLUMNS, NewEvent
from storage.writing import Row, Senders, changed_in, senders_of

Kind = TypeVar("Kind", AttemptRow, LeadRow)


@dataclass(frozen=True, slots=True)
class Read(Generic[Kind]):
    """A row as it was read. ``version``: every change of it makes another. Source: PostgreSQL, "System Columns"."""

    row: Kind
    version: int


def version_of(kind: type[Row]) -> ColumnElement[int]:
    """The column that tells it, to be selected beside the row's own."""
    return literal_column(f"{kind.__tablename__}.xmin", type_=BigInteger())


async def write_unless_changed(via: Looking, read: Sequence[Read[Any]], *, event: NewEvent | None = None) -> bool:
    """Write what was set in these rows, and keep the event: all of it, or nothing.

    Args:
        via: In no transaction.
        read: Rows of different tables.
        event: Of a webhook. One that is kept already counts as a change that somebody else has made.

    Returns:
        Whether it was written.
    """
    names = [tuple(sorted(changed_in(one.row))) for one in read]
    shape = tuple((one.row.__tablename__, of_row) for one, of_row in zip(read, names, strict=True))
    if event is None and not any(names):
        return True
    statement = _statement(shape, keeps=event is not None)
    return bool(await via.driver.fetchval(statement.text, *statement.arguments(read, event)))


@dataclass(frozen=True, slots=True)
class _Statement:
    """``order``: of what is given, by the names of ``_named``."""

    text: str
    order: Sequence[str]
    shape: Sequence[tuple[str, Sequence[str]]]
    senders: Sequence[Senders]

    def arguments(self, read: Sequence[Read[Any]], event: NewEvent | None) -> list[Any]:
        given: dict[str, Any] = {}
        for place, (one, (_, names), sent) in enumerate(zip(read, self.shape, self.senders, strict=True)):
            given |= {_named("id", place): one.row.id, _named("version", place): one.version}
            given |= {_named(name, place): sent(name, getattr(one.row, name)) for name in names}
        if event is not None:
            given |= {_of_event(name): getattr(event, name) for name in COLUMNS}
        return [given[name] for name in self.order]


@lru_cache(maxsize=256)
def _statement(shape: Sequence[tuple[str, Sequence[str]]], *, keeps: bool) -> _Statement:
    tables = [AttemptRow.metadata.tables[name] for name, _ in shape]
    held = [_held(table, place) for place, table in enumerate(tables)]
    may = _kept(held) if keeps else select(held[0].c.id).select_from(*held).cte("all_held")
    written = [
        _written(table, names, place, held[place], may)
        for place, (table, (_, names)) in enumerate(zip(tables, shape, strict=True))
        if names
    ]
    whole = select(func.count()).select_from(may).add_cte(*written)
    compiled = whole.compile(dialect=DIALECT)
    open_names = [name for name, bind in compiled.binds.items() if bind.required]
    state = compiled.construct_expanded_state(dict.fromkeys(open_names))
    senders = [senders_of(table, names) for table, (_, names) in zip(tables, shape, strict=True)]
    return _Statement(state.statement, tuple(state.positiontup or ()), shape, senders)


def _held(table: Table, place: int) -> CTE:
    is_it = and_(
        table.c.id == bindparam(_named("id", place), type_=Uuid()),
        literal_column(f"{table.name}.xmin") == bindparam(_named("version", place)),
    )
    return select(table.c.id).where(is_it).with_for_update(key_share=True, skip_locked=True).cte(f"held_{place}")


def _kept(held: Sequence[CTE]) -> CTE:
    """The event, once, where all rows are held."""
    values = {name: bindparam(_of_event(name), type_=kind) for name, kind in COLUMNS.items()}
    columns = [
        func.gen_random_uuid(),
        *(cast(bind, JSONB) if name == "payload" else bind for name, bind in values.items()),
    ]
    kept = insert(WebhookEventRow).from_select(
        ["id", *values], select(*columns).select_from(*held), include_defaults=False
    )
    once = kept.on_conflict_do_nothing(index_elements=["account_id", "event_key"])
    return once.returning(WebhookEventRow.id).cte("kept")


def _written(table: Table, names: Sequence[str], place: int, held: CTE, may: CTE) -> CTE:
    values: dict[str, Any] = {name: bindparam(_named(name, place), type_=table.c[name].type) for name in names}
    which = table.c.id == select(held.c.id).scalar_subquery()
    allowed = exists(select(may.c.id))
    return update(table).where(which, allowed).values(values).returning(table.c.id).cte(f"written_{place}")


def _named(name: str, place: int) -> str:
    return f"{name}_of_row_{place}"


def _of_event(name: str) -> str:
    return f"{name}_of_event"
