"""What changed about calls lately, for those who listen while they go on."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Identity, func
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base


class LiveEventRow(Base):
    """That an attempt or a call that came in changed, written by a trigger in that transaction; deleted after minutes.

    ``transaction`` is that transaction's own number: who reads asks which of them a snapshot doesn't know, so that
    none is missed that commits later than one with a higher number. There are no foreign keys: checking them would
    cost each webhook two looks, and what is read of an event is its call's row.
    """

    __tablename__ = "live_events"
    __table_args__ = (
        CheckConstraint("kind in ('call', 'transcript', 'flag')", name="kind"),
        CheckConstraint("num_nonnulls(attempt_id, inbound_call_id) = 1", name="of_one_call"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    transaction: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    attempt_id: Mapped[UUID | None]
    inbound_call_id: Mapped[UUID | None]
    kind: Mapped[str]
    noted_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
