"""Rows made of what the driver read, as if a session had read them and let go of them."""

from collections.abc import Collection, Sequence
from typing import Any, Generic, TypeVar

from sqlalchemy import inspect
from sqlalchemy.orm import InstrumentedAttribute, make_transient_to_detached
from sqlalchemy.orm.attributes import instance_dict

from storage.models.base import Base

Row = TypeVar("Row", bound=Base)


class RowsOf(Generic[Row]):
    """Makes rows of one table, of all its columns or of some.

    Attributes:
        columns: What has to be selected, in this order. The key is always among it.
    """

    def __init__(self, kind: type[Row], *, only: Collection[str] = (), but: Collection[str] = ()) -> None:
        every = [attribute.key for attribute in inspect(kind).column_attrs]
        self._kind = kind
        self._names = [name for name in every if name not in but and (not only or name in only)]
        self.columns: Sequence[InstrumentedAttribute[Any]] = [getattr(kind, name) for name in self._names]

    def made_of(self, values: Sequence[Any]) -> Row:
        """The row with these values.

        What is set in it is known as changed; to ask for a column that wasn't read raises
        ``sqlalchemy.orm.exc.DetachedInstanceError``.
        """
        row = self._kind()
        instance_dict(row).update(zip(self._names, values, strict=True))
        make_transient_to_detached(row)
        return row
