"""A row of any table, for tests that hold for all of them, also for those that nobody has thought of yet."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Column, Table

VALUES: Mapping[type, Callable[[], object]] = {
    UUID: uuid4,
    str: lambda: f"something {uuid4()}",
    int: lambda: 1,
    float: lambda: 1.0,
    bool: lambda: False,
    bytes: lambda: b"something",
    dict: dict,
    list: list,
    object: dict,  # JSON
    Decimal: lambda: Decimal(1),
    datetime: lambda: datetime(2026, 3, 2, tzinfo=UTC),
    date: lambda: date(2026, 3, 2),
}


def any_row(table: Table, **given: object) -> Mapping[str, object]:
    """Something of its type in each column that must have a value; nobody checks what."""
    return {column.name: _value(column) for column in _needed(table.columns) if column.name not in given} | given


def _needed(columns: Iterable[Column[Any]]) -> Iterable[Column[Any]]:
    return (one for one in columns if not one.nullable and one.server_default is None and one.identity is None)


def _value(column: Column[Any]) -> object:
    return VALUES[column.type.python_type]()
