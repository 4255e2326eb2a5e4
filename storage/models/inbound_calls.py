"""Calls that came in: somebody rang one of an account's numbers, mostly since they were called before."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.vocabulary import AttemptOutcome, AttemptStatus
from storage.models.base import Base, Created, Identified, Owned, one_of


class InboundCallRow(Base, Identified, Created, Owned):
    """One call of the provider's, known by its account and ``call_id``. Nothing was dialled for it: it holds no slot.

    ``contact_id``, ``lead_id`` and ``campaign_id`` are whose it was found to be when it was first heard of, and stay
    empty for a number that nobody knows. ``status`` is ``in_progress`` until its outcome is decided, and ``done``
    then; until ``look_up_at`` an analysis, or its end, may still be on its way. ``flags`` and
    ``erased_at``: as for an attempt.
    """

    __tablename__ = "inbound_calls"
    __table_args__ = (
        UniqueConstraint("call_id", "account_id"),
        CheckConstraint(one_of("status", AttemptStatus), name="status"),
        CheckConstraint(one_of("outcome", AttemptOutcome), name="outcome"),
        CheckConstraint("(status = 'done') = (outcome is not null)", name="done_has_an_outcome"),
        Index(None, "organization_id", "created_at", "id"),
        Index(None, "lead_id", "created_at"),
        Index(None, "contact_id", "created_at"),
        Index("ix_inbound_calls_open", "look_up_at", postgresql_where=text("status <> 'done'")),
    )

    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    contact_id: Mapped[UUID | None] = mapped_column(ForeignKey("contacts.id"))
    lead_id: Mapped[UUID | None] = mapped_column(ForeignKey("leads.id"))
    campaign_id: Mapped[UUID | None] = mapped_column(ForeignKey("campaigns.id"))
    call_id: Mapped[str]
    from_number: Mapped[str | None]
    to_number: Mapped[str | None]
    status: Mapped[str] = mapped_column(default=AttemptStatus.IN_PROGRESS)
    look_up_at: Mapped[datetime | None]

    provider_status: Mapped[str | None]
    disconnection_reason: Mapped[str | None]
    agent_id: Mapped[str | None]
    agent_version: Mapped[int | None]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    analyzed_at: Mapped[datetime | None]
    duration_ms: Mapped[int | None]
    transcript: Mapped[str | None]
    utterances: Mapped[list[dict[str, Any]] | None]
    recording_url: Mapped[str | None]
    analysis: Mapped[dict[str, Any] | None]
    latency: Mapped[dict[str, Any] | None]
    cost_cents: Mapped[Decimal | None]
    transfer_destination: Mapped[str | None]
    flags: Mapped[list[dict[str, Any]] | None]

    outcome: Mapped[str | None]
    disposition: Mapped[str | None]
    callback_at: Mapped[str | None]
    callback_problem: Mapped[str | None]
    settled_at: Mapped[datetime | None]
    erased_at: Mapped[datetime | None]
