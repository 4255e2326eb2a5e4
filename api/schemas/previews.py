"""What a campaign would do, as it is answered."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from api.schemas.words import CampaignStatusWord


class LeadForeseen(BaseModel):
    """``calls_at``: when it would be called at the earliest, if a slot is free; else ``skipped`` says why it isn't."""

    lead_id: UUID
    name: str | None
    phone_number: str
    time_zone: str
    calls_at: datetime | None
    skipped: str | None
    why: str


class Counts(BaseModel):
    """Exact. ``do_not_call`` and ``consent_missing`` are among the ``waiting``, and nobody calls them."""

    waiting: int
    in_progress: int
    done: int
    do_not_call: int
    consent_missing: int


class SkippedLeads(BaseModel):
    reason: str
    leads: int


class CapAnswer(BaseModel):
    """``calls_per_hour``: what it lets through, by the expected length of a call where it counts live calls."""

    name: str
    live_calls: int | None
    calls_per_second: float | None
    calls_per_hour: int
    binds: bool


class PreviewAnswer(BaseModel):
    """``is_estimate``: ``callable`` and ``skipped`` are told from a sample of ``sampled`` leads that wait.

    ``finishes_at`` of none: not within a year, or there is nobody to call. ``cost`` is in the currency's main unit.
    """

    campaign_id: UUID
    status: CampaignStatusWord
    as_of: datetime
    counts: Counts
    is_estimate: bool
    sampled: int
    callable: int
    callable_now: int
    skipped: list[SkippedLeads]
    first: list[LeadForeseen]
    caps: list[CapAnswer]
    calls_per_hour: int
    binding_cap: str
    expected_calls: int
    finishes_at: datetime | None
    cost: float | None
    held_up_by: str | None
    assumptions: list[str]
