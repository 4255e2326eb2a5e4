"""Systems of the organisation that are told what happens, and what they were told."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.events import DeliveryStatus, DisabledReason, EventSubject
from storage.models.base import Base, Created, Identified, Owned, one_of


class EventSubscriptionRow(Base, Identified, Created, Owned):
    """``event_types``: null for all. ``campaign_id``: null for those of all campaigns.

    ``sealed_secret`` signs, and until ``old_secret_until`` ``old_sealed_secret`` does so beside it. ``failures``: tries
    in a row that failed, since ``failing_since``; until ``rests_until`` nothing new is sent. ``disabled_reason``: why
    it was disabled, if nobody did that by hand: ``gone`` (the address answered 410) or ``failing``.
    """

    __tablename__ = "event_subscriptions"
    __table_args__ = (
        CheckConstraint(one_of("disabled_reason", DisabledReason), name="disabled_reason"),
        CheckConstraint("(old_sealed_secret is null) = (old_secret_until is null)", name="old_secret_ends"),
        Index(None, "organization_id", "created_at", "id"),
        # Each event looks here whether anybody wants it.
        Index("ix_event_subscriptions_enabled", "organization_id", postgresql_where=text("enabled")),
    )

    url: Mapped[str]
    event_types: Mapped[list[str] | None]
    campaign_id: Mapped[UUID | None] = mapped_column(ForeignKey("campaigns.id"))
    description: Mapped[str | None]
    enabled: Mapped[bool] = mapped_column(default=True)
    disabled_reason: Mapped[str | None]
    disabled_at: Mapped[datetime | None]
    sealed_secret: Mapped[str]
    old_sealed_secret: Mapped[str | None]
    old_secret_until: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    failing_since: Mapped[datetime | None]
    rests_until: Mapped[datetime | None]


class EventDeliveryRow(Base, Identified):
    """One event for one subscription, written by a trigger in the transaction that brings the event about.

    It is the outbox and the log: what is ``pending`` is still to be sent. Nothing of the event is in it but the id of
    what it tells of, which is read when it is sent. ``round`` counts how often somebody had it sent anew.
    ``asked_for``: somebody waits for it, so that it goes before all others. ``claimed_until``: somebody is at work on
    its first try, or it is left alone until then. ``error``, ``status_code`` and ``response`` (1 kB at most) are of the
    last try; of all tries there is an ``EventDeliveryTryRow``. There are no foreign keys: checking them would cost the
    report of a call.
    """

    __tablename__ = "event_deliveries"
    __table_args__ = (
        CheckConstraint(one_of("status", DeliveryStatus), name="status"),
        CheckConstraint(one_of("subject", EventSubject), name="subject"),
        Index(None, "subscription_id", "created_at", "id"),
        Index(None, "subscription_id", "status", "created_at", "id"),
        Index(None, "created_at"),
        Index(
            "ix_event_deliveries_asked_for",
            "subscription_id",
            postgresql_where=text("asked_for and status = 'pending'"),
        ),
        Index("ix_event_deliveries_retrying", "next_try_at", postgresql_where=text("status = 'retrying'")),
        Index("ix_event_deliveries_responses", "subject_id", postgresql_where=text("response is not null")),
    )

    organization_id: Mapped[UUID]
    subscription_id: Mapped[UUID]
    event_type: Mapped[str]
    subject: Mapped[str]
    subject_id: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    status: Mapped[str] = mapped_column(default=DeliveryStatus.PENDING, server_default=text("'pending'"))
    round: Mapped[int] = mapped_column(default=1, server_default=text("1"))
    asked_for: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    tries: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    claimed_until: Mapped[datetime | None]
    last_try_at: Mapped[datetime | None]
    next_try_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    status_code: Mapped[int | None]
    error: Mapped[str | None]
    response: Mapped[str | None]
    duration_ms: Mapped[int | None]


class EventDeliveryTryRow(Base, Identified):
    """One try of a delivery: when it began, in which ``round``, and what came of it. ``duration_ms``: until the answer
    was read, or it was clear that there is none.
    """

    __tablename__ = "event_delivery_tries"
    __table_args__ = (Index(None, "delivery_id", "tried_at", "id"),)

    organization_id: Mapped[UUID]
    delivery_id: Mapped[UUID] = mapped_column(ForeignKey("event_deliveries.id", ondelete="CASCADE"))
    round: Mapped[int]
    tried_at: Mapped[datetime]
    status_code: Mapped[int | None]
    error: Mapped[str | None]
    duration_ms: Mapped[int | None]
