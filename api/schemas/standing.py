"""How an organisation stands now, as it is answered."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from api.schemas.words import AttemptOutcomeWord, CampaignStatusWord, ProviderWord


class AccountStanding(BaseModel):
    """``max_live_calls``: ours or the provider's own figure, whichever is lower. ``parked``: why, and what to do."""

    id: UUID
    name: str
    provider: ProviderWord
    live_calls: int
    max_live_calls: int | None
    parked: str | None


class PoolStanding(BaseModel):
    """A pool without numbers calls nobody."""

    id: UUID
    name: str
    account_id: UUID
    live_calls: int
    max_live_calls: int
    has_numbers: bool
    parked: str | None


class CampaignStanding(BaseModel):
    """``leads_due``: who may be called by the hours and the schedule; ``leads_due_is_cut``: there are more.

    ``next_due_at``: when the next lead comes due. ``held_up_by``: why nobody of it is called, in sentences with what to
    do; empty where those who are due wait for a free slot only.
    """

    id: UUID
    name: str
    status: CampaignStatusWord
    number_pool_id: UUID
    live_calls: int
    max_live_calls: int | None
    leads_due: int
    leads_due_is_cut: bool
    next_due_at: datetime | None
    held_up_by: list[str]


class TodayStanding(BaseModel):
    """Calls that began since then and are settled. ``as_of``: all that was known before is counted, mostly that of some
    seconds ago; null: nothing was yet.

    ``calls``: ours that count; ``refused``: ours that rang nowhere; ``by_outcome``: what both of them came to, with
    every outcome that there is; ``inbound``: calls that came in.
    """

    since: datetime
    as_of: datetime | None
    calls: int
    refused: int
    inbound: int
    by_outcome: Mapping[AttemptOutcomeWord, int]


class StatusAnswer(BaseModel):
    """``workers``: how many asked for work lately, null while the engine doesn't answer. ``live_calls``: slots held.

    ``leads_queued`` wait for a slot, ``leads_held_up`` for what ``held_up_by`` of their campaigns says; counting goes
    to 500 in each campaign and priority, and ``leads_due_is_cut`` tells that there are more. ``registries``: lists for
    do-not-call that are too old. Campaigns that run come first, then those that are paused, then drafts, 50 at most;
    so many accounts and number pools at most too, and ``is_cut`` tells that some are left out.
    """

    at: datetime
    organization: str
    stopped_at: datetime | None
    workers: int | None
    live_calls: int
    inbound_calls: int
    max_live_calls: int | None
    today: TodayStanding
    leads_due: int
    leads_queued: int
    leads_held_up: int
    leads_due_is_cut: bool
    campaigns: list[CampaignStanding]
    number_pools: list[PoolStanding]
    accounts: list[AccountStanding]
    registries: list[str]
    is_cut: bool
