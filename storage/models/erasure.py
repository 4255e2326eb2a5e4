"""What is left of people who were erased: that they are never called again, and what others still have to delete."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, Created, Identified, Owned

TO_DELETE = text("deleted_at is null")


class SuppressionKeyRow(Base):
    """An organisation's own random key, under which numbers are hashed; made with its first erasure."""

    __tablename__ = "suppression_keys"

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"), primary_key=True)
    key: Mapped[bytes] = mapped_column(LargeBinary)


class SuppressionRow(Base):
    """A number that is never called again. ``number_hash``: HMAC-SHA-256 of it (E.164) under the organisation's key."""

    __tablename__ = "suppressions"

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"), primary_key=True)
    number_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    suppressed_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class CallDeletionRow(Base, Identified, Created, Owned):
    """A call that the provider is to delete; gone from there since ``deleted_at``.

    Until ``try_at`` somebody is at work on it, or it is left alone after ``tries`` that came to nothing, the last one
    because of ``problem``.
    """

    __tablename__ = "call_deletions"
    __table_args__ = (
        UniqueConstraint("account_id", "call_id"),
        Index("ix_call_deletions_due", "try_at", postgresql_where=TO_DELETE),
        Index(None, "organization_id", "created_at"),
    )

    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    call_id: Mapped[str]
    tries: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    try_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    problem: Mapped[str | None]
    deleted_at: Mapped[datetime | None]
