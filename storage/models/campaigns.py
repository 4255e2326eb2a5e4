"""A campaign: whose agent calls, when, how often, and how many at once."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.conversation_memory import MEMORY_TOKENS
from domain.vocabulary import CallingRules, CampaignStatus, DuplicateNumbers, VoicemailAction
from storage.models.base import Base, Created, Identified, Owned, one_of


class CampaignRow(Base, Identified, Created, Owned):
    """``windows``, ``retry_delays`` and ``transfer_hours`` are kept as they were given; the domain parses them.

    An ``agent_id`` of none means the agent that is bound to the caller ID at the provider. ``dispositions`` of none
    are the domain's own, and so are ``live_phrases``. ``replanned_at``: leads planned before it are planned anew,
    since what decides when they may be called changed then. ``probe_at``: while the campaign is parked, one call may
    try from then on whether it goes again. ``released_at``: it came back then, and is loaded by steps.
    ``recording_days`` after a call its recording is deleted, without them never; ``recordings_for``: the roles that
    may hear them besides admins, none for all. ``memory_tokens``: how much of earlier calls the agent is told at most.
    ``pilot_leads``: once so many leads were begun since the launch, no call of the campaign begins any more.
    ``disclosure_confirmed_at`` and ``opt_out_confirmed_at``: when somebody confirmed that the agent says what has to be
    said.
    """

    __tablename__ = "campaigns"
    __table_args__ = (
        UniqueConstraint("organization_id", "name"),
        CheckConstraint(one_of("status", CampaignStatus), name="status"),
        CheckConstraint(one_of("calling_rules", CallingRules), name="calling_rules"),
        CheckConstraint(one_of("voicemail", VoicemailAction), name="voicemail"),
        CheckConstraint(one_of("duplicate_numbers", DuplicateNumbers), name="duplicate_numbers"),
        CheckConstraint("purpose in ('telemarketing', 'informational')", name="purpose"),
    )

    number_pool_id: Mapped[UUID] = mapped_column(ForeignKey("number_pools.id"), index=True)
    name: Mapped[str]
    is_default: Mapped[bool] = mapped_column(default=False)
    status: Mapped[str] = mapped_column(default=CampaignStatus.DRAFT)
    agent_id: Mapped[str | None]
    agent_version: Mapped[str | None]
    windows: Mapped[list[dict[str, Any]]]
    calling_rules: Mapped[str] = mapped_column(default=CallingRules.STRICT)
    purpose: Mapped[str] = mapped_column(default="telemarketing")
    max_attempts: Mapped[int]
    retry_delays: Mapped[dict[str, Any]]
    ring_seconds: Mapped[int] = mapped_column(default=30)
    max_call_seconds: Mapped[int]
    max_live_calls: Mapped[int | None]
    voicemail: Mapped[str] = mapped_column(default=VoicemailAction.HANG_UP)
    duplicate_numbers: Mapped[str] = mapped_column(default=DuplicateNumbers.REUSE)
    transfer_number: Mapped[str | None]
    transfer_hours: Mapped[dict[str, Any] | None]
    memory_tokens: Mapped[int] = mapped_column(default=MEMORY_TOKENS, server_default=text(str(MEMORY_TOKENS)))
    require_consent: Mapped[bool] = mapped_column(default=False)
    budget: Mapped[Decimal | None]
    max_calls_per_second: Mapped[float | None]
    max_attempts_per_day: Mapped[int | None]
    max_attempts_per_24_hours: Mapped[int | None]
    min_seconds_between_attempts: Mapped[int | None]
    vary_part_of_day: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    skip_if_reached_within_days: Mapped[int | None]
    dispositions: Mapped[list[dict[str, Any]] | None]
    recording_days: Mapped[int | None]
    recordings_for: Mapped[list[str] | None]
    live_phrases: Mapped[list[dict[str, Any]] | None]
    pilot_leads: Mapped[int | None]
    disclosure_confirmed_at: Mapped[datetime | None]
    disclosure_confirmed_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    opt_out_confirmed_at: Mapped[datetime | None]
    opt_out_confirmed_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    launched_at: Mapped[datetime | None]
    replanned_at: Mapped[datetime | None]
    parked_at: Mapped[datetime | None]
    parked_reason: Mapped[str | None]
    probe_at: Mapped[datetime | None]
    released_at: Mapped[datetime | None]
