"""Calls that people of the organisation made to their own phones, to hear how a campaign sounds."""

from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, Created, Identified, Owned


class TrialCallRow(Base, Identified, Created, Owned):
    """Written before the request leaves; ``call_id`` once the provider has taken it. No lead, and no attempt.

    The number that was called is nobody's business here.
    """

    __tablename__ = "trial_calls"

    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("campaigns.id"))
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    call_id: Mapped[str | None] = mapped_column(unique=True)
    from_number: Mapped[str]
