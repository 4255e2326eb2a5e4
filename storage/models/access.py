"""How people and machines get in: tokens taken back, invitations, keys, and how much each asks."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, Index, Integer, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, Created, Identified, Owned

ROLES = "role in ('admin', 'operator', 'viewer')"


class RevokedTokenRow(Base):
    """A token that was signed out before its time; ``id`` is its ``jti``. Of no use once it would have expired."""

    __tablename__ = "revoked_tokens"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class InvitationRow(Base, Identified, Created, Owned):
    """Somebody may join. ``token_hash``: the SHA-256 of what the link holds, which is shown once."""

    __tablename__ = "invitations"
    __table_args__ = (CheckConstraint(ROLES, name="role"), UniqueConstraint("organization_id", "email"))

    email: Mapped[str]
    role: Mapped[str]
    token_hash: Mapped[str] = mapped_column(unique=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class ApiKeyRow(Base, Identified, Created, Owned):
    """A machine of an organisation, in a role. Never deleted: the audit log names it.

    ``key_hash``: the key's SHA-256; it is random, so nobody guesses it back. ``hint``: its last characters, by which
    people know it.
    """

    __tablename__ = "api_keys"
    __table_args__ = (CheckConstraint(ROLES, name="role"), Index(None, "organization_id", "created_at", "id"))

    name: Mapped[str]
    role: Mapped[str]
    key_hash: Mapped[str] = mapped_column(unique=True)
    hint: Mapped[str]
    rate_limit: Mapped[str | None]
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class RequestCountRow(Base):
    """How often a subject asked of late: ``counts`` of the ticks up to ``tick``, a sixtieth of its period each."""

    __tablename__ = "request_counts"
    __table_args__ = ({"prefixes": ["UNLOGGED"], "postgresql_with": {"fillfactor": 50}},)

    subject: Mapped[str] = mapped_column(primary_key=True)
    tick: Mapped[int] = mapped_column(BigInteger)
    counts: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    expires_at: Mapped[datetime]
