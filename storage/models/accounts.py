"""Where calls go out: voice provider accounts, number pools and their caller IDs."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, Created, Identified, Owned


class AccountRow(Base, Identified, Created, Owned):
    """One workspace at the provider. A simulated account never shares leads with a real one.

    The default account's key comes from the environment and is not stored; ``sealed_key`` is any other one's, under a
    key that the database doesn't hold, and ``key_fingerprint`` the beginning of its SHA-256, by which people know it.
    ``base_url`` of none: where its kind usually is. ``provider_limit`` and
    ``provider_reserved`` are the provider's own figures for live calls, and what of them is kept for people who ring
    in, as read at ``limits_read_at``; ``provider_elsewhere``: how many were live then that aren't ours.
    ``overcounted_since``: from then on we held slots for more calls than the provider had. ``probe_at`` and
    ``released_at``: as for a campaign.
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
        Index(
            "uq_accounts_key",
            "organization_id",
            "key_fingerprint",
            unique=True,
            postgresql_where=text("key_fingerprint is not null"),
        ),
    )

    name: Mapped[str]
    provider: Mapped[str]
    is_default: Mapped[bool] = mapped_column(default=False)
    base_url: Mapped[str | None]
    sealed_key: Mapped[str | None]
    key_fingerprint: Mapped[str | None]
    max_live_calls: Mapped[int | None]
    max_calls_per_second: Mapped[float | None]
    provider_limit: Mapped[int | None]
    provider_reserved: Mapped[int | None]
    provider_elsewhere: Mapped[int | None]
    limits_read_at: Mapped[datetime | None]
    overcounted_since: Mapped[datetime | None]
    parked_at: Mapped[datetime | None]
    parked_reason: Mapped[str | None]
    probe_at: Mapped[datetime | None]
    released_at: Mapped[datetime | None]


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
    probe_at: Mapped[datetime | None]
    released_at: Mapped[datetime | None]


class CallerIdRow(Base, Identified, Created, Owned):
    """A number that calls go out from; a resting one was marked as spam and is left alone until then.

    ``used_count`` calls went out from it on the UTC date ``used_on``.
    """

    __tablename__ = "caller_ids"
    __table_args__ = (UniqueConstraint("number_pool_id", "phone_number"),)

    number_pool_id: Mapped[UUID] = mapped_column(ForeignKey("number_pools.id", ondelete="CASCADE"))
    phone_number: Mapped[str]
    position: Mapped[int]
    last_used_at: Mapped[datetime | None]
    resting_until: Mapped[datetime | None]
    used_on: Mapped[date | None]
    used_count: Mapped[int] = mapped_column(default=0, server_default=text("0"))


class PaceRow(Base):
    """When the next call of an account, a campaign or an organisation may leave (calls a second).

    Its lock is also what makes counting their live calls exact: whoever grants a slot takes it first. ``owner_id`` is
    the id of any of the three, so there is no foreign key.
    """

    __tablename__ = "paces"

    owner_id: Mapped[UUID] = mapped_column(primary_key=True)
    next_dial_at: Mapped[datetime | None]


class AppointmentRow(Base):
    """How many leads of a pool were told to wake at one opening, so that the next is told to wake a little later."""

    __tablename__ = "appointments"
    __table_args__ = (Index(None, "opens_at"),)

    number_pool_id: Mapped[UUID] = mapped_column(ForeignKey("number_pools.id", ondelete="CASCADE"), primary_key=True)
    opens_at: Mapped[datetime] = mapped_column(primary_key=True)
    given: Mapped[int]


class FollowedAccountRow(Base):
    """When the calls of an account were last asked for, by whichever worker's turn it was.

    ``inbound_asked_at``: the same for calls that come in; those that began before ``inbound_since`` are left alone.
    """

    __tablename__ = "followed_accounts"

    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    asked_at: Mapped[datetime]
    inbound_asked_at: Mapped[datetime | None]
    inbound_since: Mapped[datetime | None]
