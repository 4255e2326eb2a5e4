"""Answers kept for requests that carry an ``Idempotency-Key``."""

from typing import Any

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from storage.models.base import Base, Created, Identified, Owned


class IdempotencyKeyRow(Base, Identified, Created, Owned):
    """``route``: the method and the address that were asked. ``location``: the answer's header of that name."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (UniqueConstraint("organization_id", "route", "key"), Index(None, "created_at"))

    route: Mapped[str]
    key: Mapped[str]
    request_hash: Mapped[str]
    status_code: Mapped[int | None]
    answer: Mapped[dict[str, Any] | None]
    location: Mapped[str | None]
