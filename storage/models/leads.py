"""Whom to call: contacts (one a number and organisation) and the leads that hang on them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.vocabulary import LeadOutcome, LeadStatus
from storage.models.base import Base, Created, Identified, Owned, one_of


class ContactRow(Base, Identified, Created, Owned):
    """One phone number in one organisation. Do-not-call and caps hang on it, whatever lead or campaign asks.

    From ``erased_at`` on it is the empty shell of a person: no number stands in ``phone_number`` any more, and nobody
    calls it again.
    """

    __tablename__ = "contacts"
    __table_args__ = (
        UniqueConstraint("organization_id", "phone_number"),
        Index(
            "ix_contacts_do_not_call",
            "organization_id",
            "do_not_call_at",
            "id",
            postgresql_where=text("do_not_call_at is not null"),
        ),
        # For parts of numbers and names, wherever they are in it.
        Index(
            "ix_contacts_phone_number_parts",
            "phone_number",
            postgresql_using="gin",
            postgresql_ops={"phone_number": "gin_trgm_ops"},
        ),
    )

    phone_number: Mapped[str]
    do_not_call_at: Mapped[datetime | None]
    do_not_call_reason: Mapped[str | None]
    do_not_call_source: Mapped[str | None]
    erased_at: Mapped[datetime | None]


class LeadRow(Base, Identified, Created, Owned):
    """One person to call for one campaign.

    ``earliest_at``: from when on it may be called by the schedule, whatever the hours say; ``due_at``: by the hours
    too; ``open_until``: when the hours that ``due_at`` lies in end; ``planned_at``: when these were last worked out.
    ``next_attempt_at``: the instant for which the next attempt is planned. ``run`` numbers its workflows: 1 is
    ``lead-<id>``, 2 after a reopening ``lead-<id>-r2``; the retry schedule leaves out the ``earlier_attempts`` of runs
    before. ``handed_over_at`` tells that the engine has taken the workflow of this run. ``hang_up_at``: a live call is
    to be ended too. ``called_ahead_at``: somebody wants it called at once. ``rang_back``: how the person's own call
    ends this run, also while a call of ours still goes on.
    """

    __tablename__ = "leads"
    __table_args__ = (
        CheckConstraint(one_of("status", LeadStatus), name="status"),
        CheckConstraint(one_of("outcome", LeadOutcome), name="outcome"),
        CheckConstraint("rang_back in ('reached', 'opted_out')", name="rang_back"),
        CheckConstraint("priority between 1 and 5", name="priority"),
        CheckConstraint("(status = 'done') = (outcome is not null)", name="done_has_an_outcome"),
        Index(
            "uq_leads_external_id",
            "campaign_id",
            "external_id",
            unique=True,
            postgresql_where=text("external_id is not null"),
        ),
        Index(None, "organization_id", "created_at", "id"),
        Index(None, "campaign_id", "created_at", "id"),
        Index(None, "organization_id", "external_id", postgresql_where=text("external_id is not null")),
        Index("ix_leads_name_parts", "name", postgresql_using="gin", postgresql_ops={"name": "gin_trgm_ops"}),
        Index("ix_leads_due", "campaign_id", "priority", "due_at", postgresql_where=text("status = 'new'")),
        Index("ix_leads_planned", "campaign_id", "planned_at", postgresql_where=text("status = 'new'")),
        Index("ix_leads_open_until", "campaign_id", "open_until", postgresql_where=text("status = 'new'")),
        Index(
            "ix_leads_called_ahead",
            "campaign_id",
            "called_ahead_at",
            postgresql_where=text("status = 'new' and called_ahead_at is not null"),
        ),
        Index(
            "ix_leads_to_hand_over",
            "campaign_id",
            text("coalesce(due_at, not_before, created_at)"),
            postgresql_where=text("handed_over_at is null and status <> 'done'"),
        ),
        Index(
            "ix_leads_silent",
            text("coalesce(next_attempt_at, due_at, handed_over_at)"),
            "id",
            postgresql_where=text(
                "status = 'new' and handed_over_at is not null"
                " and (planned_at is null or planned_at < coalesce(next_attempt_at, due_at, handed_over_at))"
            ),
        ),
    )

    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("campaigns.id"))
    contact_id: Mapped[UUID] = mapped_column(ForeignKey("contacts.id"), index=True)
    external_id: Mapped[str | None]
    name: Mapped[str | None]
    source: Mapped[str | None]
    region: Mapped[str | None]
    postal_code: Mapped[str | None]
    time_zones: Mapped[list[str]]
    time_zone_source: Mapped[str]
    priority: Mapped[int] = mapped_column(default=3)
    not_before: Mapped[datetime | None]
    consent: Mapped[dict[str, Any] | None]
    custom_fields: Mapped[dict[str, Any]] = mapped_column(default=dict)

    status: Mapped[str] = mapped_column(default=LeadStatus.NEW)
    outcome: Mapped[str | None]
    blocked_reason: Mapped[str | None]
    disposition: Mapped[str | None]
    earliest_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    open_until: Mapped[datetime | None]
    planned_at: Mapped[datetime | None]
    next_attempt_at: Mapped[datetime | None]
    waiting_for: Mapped[str | None]
    cancelled_at: Mapped[datetime | None]
    hang_up_at: Mapped[datetime | None]
    called_ahead_at: Mapped[datetime | None]
    rang_back: Mapped[str | None]
    done_at: Mapped[datetime | None]
    run: Mapped[int] = mapped_column(default=1)
    earlier_attempts: Mapped[int] = mapped_column(default=0)
    handed_over_at: Mapped[datetime | None]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp(), onupdate=func.clock_timestamp())
