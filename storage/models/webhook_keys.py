"""Keys that webhooks of an account may be signed with."""

from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, Created, Identified, Owned


class WebhookKeyRow(Base, Identified, Created, Owned):
    """``sealed``: the key itself, under a key of the installation that the database doesn't hold.

    ``fingerprint``: the beginning of its SHA-256, by which people know it; it is given once to an account.
    """

    __tablename__ = "webhook_keys"
    __table_args__ = (UniqueConstraint("account_id", "fingerprint"),)

    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    fingerprint: Mapped[str]
    sealed: Mapped[str]
