"""Who uses the installation: organisations, their people, and what they did."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, Created, Identified, Owned


class OrganizationRow(Base, Identified, Created):
    """An agency's client. ``stopped_at`` is its kill switch: while it is set nothing is dialled."""

    __tablename__ = "organizations"

    name: Mapped[str]
    stopped_at: Mapped[datetime | None]
    max_live_calls: Mapped[int | None]
    max_calls_per_second: Mapped[float | None]


class UserRow(Base, Identified, Created):
    """A person who signs in. ``token_version`` counts up to take back every token given out before.

    ``configured_hash``: of the password that the settings gave the first user last. While they go on giving it, the one
    that the user has chosen since stays. ``reset_hash``: the SHA-256 of a token with which another password may be
    chosen until ``reset_expires_at``.
    """

    __tablename__ = "users"

    email: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]
    token_version: Mapped[int] = mapped_column(default=1)
    configured_hash: Mapped[str | None]
    reset_hash: Mapped[str | None] = mapped_column(unique=True)
    reset_expires_at: Mapped[datetime | None]


class MembershipRow(Base, Created):
    """One person may work for several organisations, in a role of each."""

    __tablename__ = "memberships"
    __table_args__ = (CheckConstraint("role in ('admin', 'operator', 'viewer')", name="role"),)

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), primary_key=True, index=True)
    role: Mapped[str]


class AuditEntryRow(Base, Identified, Created, Owned):
    """Who did what: a person, a key, or nobody (the system itself). Rows are only ever added; a trigger sees to it."""

    __tablename__ = "audit_log"
    __table_args__ = (
        Index(None, "organization_id", "created_at", "id"),
        Index(None, "organization_id", "target_id", "created_at"),
        # Whoever did something here is known by name, also after they left.
        Index(None, "organization_id", "user_id", postgresql_where=text("user_id is not null")),
    )

    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    api_key_id: Mapped[UUID | None] = mapped_column(ForeignKey("api_keys.id"))
    action: Mapped[str]
    target_id: Mapped[UUID | None]
    details: Mapped[dict[str, Any]]
