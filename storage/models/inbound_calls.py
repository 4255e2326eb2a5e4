"""Calls that came in: somebody rang one of an account's numbers, mostly since they were called before."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.vocabulary import AttemptOutcome, AttemptStatus
from storage.models.base import Base, Created, Identified, Owned, one_of
from storage.models.calls import KEPT, RECORDED_AT, TO_DELETE, TO_FETCH, Recorded, Reported, check_of_recordings


class InboundCallRow(Base, Identified, Created, Owned, Reported, Recorded):
    """One call of the provider's, known by its account and ``call_id``. Nothing was dialled for it: it holds no slot.

    ``contact_id``, ``lead_id`` and ``campaign_id`` are whose it was found to be when it was first heard of, and stay
    empty for a number that nobody knows. ``status`` is ``in_progress`` until its outcome is decided, and ``done``
    then; until ``look_up_at`` an analysis, or its end, may still be on its way, and then the provider is asked.
    ``unanswered_since``: it couldn't tell since then.
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
        check_of_recordings(),
        Index("ix_inbound_calls_recordings_to_fetch", text("recording_try_at nulls first"), postgresql_where=TO_FETCH),
        Index("ix_inbound_calls_recordings_to_delete", "recording_try_at", postgresql_where=TO_DELETE),
        Index("ix_inbound_calls_recordings_kept", "organization_id", "campaign_id", RECORDED_AT, postgresql_where=KEPT),
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
    unanswered_since: Mapped[datetime | None]
