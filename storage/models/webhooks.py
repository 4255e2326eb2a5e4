"""The inbox: what the provider reported, kept before anything is done about it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, Identified, Owned


class WebhookEventRow(Base, Identified, Owned):
    """``event_key`` is unique in its account: a repeat finds the row and changes nothing.

    ``attempt_id`` stays empty for a call that no attempt knows yet. ``forwarded_at`` is set when the lead's workflow
    was told, or needn't be. ``emptied_at``: since when nothing is left of ``payload``, for its time has gone by or its
    person was erased; the row stays, by which a repeat is known and the call's life is told.
    """

    __tablename__ = "webhook_events"
    __table_args__ = (
        UniqueConstraint("account_id", "event_key"),
        Index(None, "attempt_id", "received_at"),
        Index(None, "call_id"),
        Index("ix_webhook_events_to_forward", "received_at", postgresql_where=text("forwarded_at is null")),
        Index("ix_webhook_events_to_empty", "received_at", postgresql_where=text("emptied_at is null")),
    )

    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    attempt_id: Mapped[UUID | None] = mapped_column(ForeignKey("interaction_attempts.id"))
    event_key: Mapped[str]
    event: Mapped[str]
    call_id: Mapped[str]
    payload: Mapped[dict[str, Any]]
    received_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    forwarded_at: Mapped[datetime | None]
    emptied_at: Mapped[datetime | None]
