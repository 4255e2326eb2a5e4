"""Answers kept for requests that carry an ``Idempotency-Key``."""

from typing import Any

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped

from storage.models.base import Base, Created, Identified, Owned


class IdempotencyKeyRow(Base, Identified, Created, Owned):
    """``status_code`` and ``answer`` are empty while the first request with this key is still under way."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (UniqueConstraint("organization_id", "key"),)

    key: Mapped[str]
    request_hash: Mapped[str]
    status_code: Mapped[int | None]
    answer: Mapped[dict[str, Any] | None]
