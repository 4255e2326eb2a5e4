"""One attempt to reach a lead, from its grant to its outcome."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.recordings import RecordingDeletion
from domain.vocabulary import AttemptOutcome, AttemptStatus
from storage.models.base import Base, Created, Identified, Owned, one_of

LIVE = text("slot_released_at is null")
OPEN = text("status <> 'done'")
TO_FETCH = text(
    "recording_url is not null and recording_fetched_at is null"
    " and recording_given_up_at is null and recording_deletion is null"
)
TO_DELETE = text("recording_deletion is not null and recording_path is not null")
KEPT = text("recording_fetched_at is not null and recording_deletion is null")
RECORDED_AT = text("coalesce(ended_at, recording_fetched_at)")
"""From when on the days of a campaign's retention are counted."""


class AttemptRow(Base, Identified, Created, Owned):
    """``id`` is uuid5 of the lead and the attempt's number, so that no repeat of anything can make a second one.

    A row holds a slot from its grant until ``slot_released_at``; it is open until ``status`` is done, which comes
    later when an analysis is awaited. ``request_body`` is frozen before the first request and dropped when the fate
    of the call is known. ``created_at`` is the instant of the grant. ``is_probe``: it tries whether something that is
    parked goes again. ``callback_problem``: why a call-back that was promised can't be kept. ``appointment_written``:
    the appointment that was made, as the analysis wrote it; ``appointment_at`` where it is certain,
    ``appointment_problem`` why it isn't. ``transfers``: how it was tried to put the call through to a person.
    ``flags``: which phrases were said that the campaign listens for. ``disposition_by``: the person or the API key that
    gave the disposition by hand.

    ``recording_url`` is the provider's link, which may die within minutes and is for nobody's eyes. From the first try
    to fetch the recording on, ``recording_path`` says where in our store it is or is going to be; it is there since
    ``recording_fetched_at``, and ``recording_digest`` is its SHA-256. ``recording_try_at``: until then somebody is at
    work on it, or it is left alone. ``recording_deletion`` orders that it be deleted and never fetched (again);
    ``recording_path`` is empty again from ``recording_deleted_at`` on, when it is gone.

    From ``erased_at`` on nothing that is reported of the call brings back a word, a number or a link.
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
        CheckConstraint(one_of("recording_deletion", RecordingDeletion), name="recording_deletion"),
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
    transfers: Mapped[list[dict[str, Any]] | None]
    flags: Mapped[list[dict[str, Any]] | None]

    outcome: Mapped[str | None]
    counts: Mapped[bool | None]
    disposition: Mapped[str | None]
    disposition_by: Mapped[UUID | None]
    callback_at: Mapped[str | None]
    callback_problem: Mapped[str | None]
    appointment_at: Mapped[datetime | None]
    appointment_written: Mapped[str | None]
    appointment_problem: Mapped[str | None]
    settled_at: Mapped[datetime | None]

    recording_path: Mapped[str | None]
    recording_bytes: Mapped[int | None] = mapped_column(BigInteger)
    recording_type: Mapped[str | None]
    recording_digest: Mapped[str | None]
    recording_fetched_at: Mapped[datetime | None]
    recording_tries: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    recording_try_at: Mapped[datetime | None]
    recording_problem: Mapped[str | None]
    recording_given_up_at: Mapped[datetime | None]
    recording_deletion: Mapped[str | None]
    recording_deleted_at: Mapped[datetime | None]

    erased_at: Mapped[datetime | None]
