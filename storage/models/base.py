"""What all tables share: names of constraints, types of columns, keys."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import DDL, DateTime, ForeignKey, MetaData, Numeric, Text, Uuid, event, func
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {  # noqa: RUF012  (read by SQLAlchemy as it stands)
        datetime: DateTime(timezone=True),
        # None is SQL's NULL, which "is null" finds; JSON's own null would be a value.
        dict[str, Any]: JSONB(none_as_null=True),
        list[dict[str, Any]]: JSONB(none_as_null=True),
        list[str]: ARRAY(Text),
        str: Text,
        Decimal: Numeric,
        UUID: Uuid,
    }


# Trusted since PostgreSQL 13: whoever may create in the database may have it, without being a superuser.
event.listen(Base.metadata, "before_create", DDL("create extension if not exists pg_trgm"))  # type: ignore[no-untyped-call]  # it has no types there


class Identified:
    """A random key, given out by the application so that it is known before the commit."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)


class Created:
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class Owned:
    """Belongs to one organisation; every query about such a row names it."""

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))


def one_of(column: str, values: type) -> str:
    """The text of a check constraint that holds ``column`` to a vocabulary of ``domain.vocabulary``."""
    names = ", ".join(f"'{value}'" for value in values)  # type: ignore[attr-defined]
    return f"{column} in ({names})"
