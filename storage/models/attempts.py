"""One attempt to reach a lead, from its grant to its outcome."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.vocabulary import AttemptOutcome, AttemptStatus
from storage.models.base import Base, Created, Identified, Owned, one_of
from storage.models.calls import KEPT, RECORDED_AT, TO_DELETE, TO_FETCH, Recorded, Reported, check_of_recordings

LIVE = text("slot_released_at is null")
OPEN = text("status <> 'done'")


class AttemptRow(Base, Identified, Created, Owned, Reported, Recorded):
    """``id`` is uuid5 of the lead and the attempt's number, so that no repeat of anything can make a second one.

    A row holds a slot from its grant until ``slot_released_at``; it is open until ``status`` is done, which comes
    later when an analysis is awaited. ``request_body`` is frozen before the first request and dropped when the fate
    of the call is known. ``created_at`` is the instant of the grant. ``is_probe``: it tries whether something that is
    parked goes again. ``appointment_written``: the appointment that was made, as the analysis wrote it;
    ``appointment_at`` where it is certain, ``appointment_problem`` why it isn't. ``transfers``: how it was tried to put
    the call through to a person. ``disposition_by``: the person or the API key that gave the
    disposition by hand. ``hang_up_at``: this call is to be ended, whatever its lead's next one is.
    """

    __tablename__ = "interaction_attempts"
    __table_args__ = (
        UniqueConstraint("lead_id", "number"),
        CheckConstraint(one_of("status", AttemptStatus), name="status"),
        CheckConstraint(one_of("outcome", AttemptOutcome), name="outcome"),
        CheckConstraint("(status = 'done') <= (slot_released_at is not null)", name="done_holds_no_slot"),
        CheckConstraint("(status = 'done') = (outcome is not null)", name="done_has_an_outcome"),
        Index("uq_attempts_open_lead", "lead_id", unique=True, postgresql_where=OPEN),
        Index("uq_attempts_live_contact", "contact_id", unique=True, postgresql_where=LIVE),
        Index("ix_attempts_live_pool", "number_pool_id", postgresql_where=LIVE),
        Index("ix_attempts_live_campaign", "campaign_id", postgresql_where=LIVE),
        Index("ix_attempts_live_account", "account_id", postgresql_where=LIVE),
        Index("ix_attempts_live_organization", "organization_id", postgresql_where=LIVE),
        Index("ix_attempts_open", "look_up_at", postgresql_where=OPEN),
        Index("ix_attempts_contact", "contact_id", "first_sent_at"),
        Index(None, "organization_id", "created_at", "id"),
        Index(None, "campaign_id", "created_at", "id"),
        check_of_recordings(),
        Index("ix_attempts_recordings_to_fetch", text("recording_try_at nulls first"), postgresql_where=TO_FETCH),
        Index("ix_attempts_recordings_to_delete", "recording_try_at", postgresql_where=TO_DELETE),
        Index("ix_attempts_recordings_kept", "campaign_id", RECORDED_AT, postgresql_where=KEPT),
    )

    lead_id: Mapped[UUID] = mapped_column(ForeignKey("leads.id"))
    contact_id: Mapped[UUID] = mapped_column(ForeignKey("contacts.id"))
    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("campaigns.id"))
    number_pool_id: Mapped[UUID] = mapped_column(ForeignKey("number_pools.id"))
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    number: Mapped[int]
    from_number: Mapped[str]
    is_probe: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    status: Mapped[str] = mapped_column(default=AttemptStatus.GRANTED)
    not_before: Mapped[datetime]
    not_after: Mapped[datetime]
    request_body: Mapped[dict[str, Any] | None]
    first_sent_at: Mapped[datetime | None]
    last_sent_at: Mapped[datetime | None]
    look_up_at: Mapped[datetime | None]
    slot_released_at: Mapped[datetime | None]

    call_id: Mapped[str | None] = mapped_column(unique=True)
    transfers: Mapped[list[dict[str, Any]] | None]

    counts: Mapped[bool | None]
    disposition_by: Mapped[UUID | None]
    hang_up_at: Mapped[datetime | None]
    appointment_at: Mapped[datetime | None]
    appointment_written: Mapped[str | None]
    appointment_problem: Mapped[str | None]
