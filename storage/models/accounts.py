"""Where calls go out: voice provider accounts, number pools and their caller IDs."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, Created, Identified, Owned


class AccountRow(Base, Identified, Created, Owned):
    """One workspace at the provider. A simulated account never shares leads with a real one.

    The default account's key comes from the environment and is not stored.
    """

    __tablename__ = "accounts"
    __table_args__ = (
        CheckConstraint("provider in ('retell', 'simulator')", name="provider"),
        Index(
            "uq_accounts_default",
            "organization_id",
            "provider",
            unique=True,
            postgresql_where=text("is_default"),
        ),
    )

    name: Mapped[str]
    provider: Mapped[str]
    is_default: Mapped[bool] = mapped_column(default=False)
    max_live_calls: Mapped[int | None]
    parked_at: Mapped[datetime | None]
    parked_reason: Mapped[str | None]


class NumberPoolRow(Base, Identified, Created, Owned):
    """The caller IDs of campaigns with their carrier and its limits.

    ``next_dial_at`` paces calls a second: the earliest instant that is still free for a request.
    """

    __tablename__ = "number_pools"
    __table_args__ = (
        CheckConstraint("carrier in ('twilio', 'plivo', 'telnyx', 'vonage', 'retell', 'custom')", name="carrier"),
        CheckConstraint("max_live_calls >= 1 and max_calls_per_second > 0", name="limits"),
        UniqueConstraint("organization_id", "name"),
    )

    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"), index=True)
    name: Mapped[str]
    is_default: Mapped[bool] = mapped_column(default=False)
    carrier: Mapped[str]
    max_live_calls: Mapped[int]
    max_calls_per_second: Mapped[float]
    max_calls_per_number_per_day: Mapped[int | None]
    cost_per_minute: Mapped[Decimal | None]
    next_dial_at: Mapped[datetime | None]
    parked_at: Mapped[datetime | None]
    parked_reason: Mapped[str | None]


class CallerIdRow(Base, Identified, Created, Owned):
    """A number that calls go out from; a resting one was marked as spam and is left alone until then."""

    __tablename__ = "caller_ids"
    __table_args__ = (UniqueConstraint("number_pool_id", "phone_number"),)

    number_pool_id: Mapped[UUID] = mapped_column(ForeignKey("number_pools.id", ondelete="CASCADE"))
    phone_number: Mapped[str]
    position: Mapped[int]
    last_used_at: Mapped[datetime | None]
    resting_until: Mapped[datetime | None]
