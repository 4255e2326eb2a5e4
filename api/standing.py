"""How an organisation stands now, put together: what runs, who is due, and what holds them up."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.dependencies import Dependencies
from api.principal import Principal
from api.problems import Invalid
from api.registry_check import REMEDY, too_old_registries
from api.schemas.standing import AccountStanding, CampaignStanding, PoolStanding, StatusAnswer, TodayStanding
from domain.parking import Parking, describe
from domain.vocabulary import AttemptOutcome, CampaignStatus
from storage import standing
from storage.analytics_marks import read_progress
from storage.models import AccountRow, CampaignRow, NumberPoolRow, OrganizationRow
from storage.organizations import get_organization
from storage.paces import account_cap
from storage.standing import MOST_SHOWN, CampaignSeen, DueLeads, LiveNow, PoolSeen

STOPPED = "calling is stopped for the whole organization; POST /api/v1/organizations/current/start lets it go on"
HELD_BY_STATUS = {
    CampaignStatus.DRAFT: "it is a draft; launch it",
    CampaignStatus.PAUSED: "it is paused; resume it",
}
PILOT_IS_OVER = "its pilot is over; look at its calls, then resume it"
NO_NUMBERS = "its number pool has no number to call from; PATCH /api/v1/number-pools/{id} gives it some"


LONGEST_TODAY = timedelta(hours=48)
"""A day has 25 hours at most, and clocks differ."""


async def standing_of(
    deps: Dependencies, session: AsyncSession, principal: Principal, *, today_since: datetime | None
) -> StatusAnswer:
    """Seen without locks: what is told is of moments that lie close together.

    Args:
        deps: Of the process.
        session: Of the organisation.
        principal: Who asks.
        today_since: When today began for them; with UTC's day, where they don't say.

    Raises:
        Invalid: that was no today's beginning.
    """
    today = await _today(session, principal.organization_id, _beginning(today_since, deps.clock()))
    workers = await deps.engine.workers(deps.settings.task_queue)
    now, organization_id = deps.clock(), principal.organization_id
    organization = await get_organization(session, organization_id)
    campaigns = await standing.campaigns_seen(session, organization_id)
    pools = await standing.pools_seen(session, organization_id)
    accounts = await standing.accounts_seen(session, organization_id)
    live = await standing.live_now(session, organization_id)
    due = await standing.due_leads(session, [seen.campaign.id for seen in campaigns[:MOST_SHOWN]], now)
    empty = {seen.pool.id for seen in pools if not seen.has_numbers}
    shown = [
        _campaign(
            seen, live, due[seen.campaign.id], _held_up_by(seen, organization, without_numbers=seen.pool.id in empty)
        )
        for seen in campaigns[:MOST_SHOWN]
    ]
    return StatusAnswer(
        at=now,
        organization=organization.name,
        stopped_at=organization.stopped_at,
        workers=workers,
        live_calls=live.outbound,
        inbound_calls=live.inbound,
        max_live_calls=organization.max_live_calls,
        today=today,
        leads_due=sum(one.leads_due for one in shown),
        leads_queued=sum(one.leads_due for one in shown if not one.held_up_by),
        leads_held_up=sum(one.leads_due for one in shown if one.held_up_by),
        leads_due_is_cut=any(one.leads_due_is_cut for one in shown) or len(campaigns) > MOST_SHOWN,
        campaigns=shown,
        number_pools=[_pool(seen, live) for seen in pools[:MOST_SHOWN]],
        accounts=[_account(account, live) for account in accounts[:MOST_SHOWN]],
        registries=[f"{age} {REMEDY}" for age in await too_old_registries(session, organization_id, now)],
        is_cut=any(len(kind) > MOST_SHOWN for kind in (campaigns, pools, accounts)),
    )


def _beginning(given: datetime | None, now: datetime) -> datetime:
    if given is None:
        return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if abs(now - given) > LONGEST_TODAY:
        raise Invalid("today_since", "Give an instant within 48 hours of now: the one at which today began for you.")
    return given


async def _today(session: AsyncSession, organization_id: UUID, since: datetime) -> TodayStanding:
    """How far the figures are is read first: more may be in them by then, and never less."""
    as_of = await read_progress(session)
    found = await standing.calls_since(session, organization_id, since)
    by_outcome = Counter({outcome.value: 0 for outcome in AttemptOutcome})
    for one in found:
        if not one.is_inbound:
            by_outcome[one.outcome] += one.calls
    return TodayStanding(
        since=since,
        as_of=as_of,
        calls=sum(one.calls for one in found if not one.is_inbound and one.counts),
        refused=sum(one.calls for one in found if not one.is_inbound and not one.counts),
        inbound=sum(one.calls for one in found if one.is_inbound),
        by_outcome=dict(by_outcome),
    )


def _held_up_by(seen: CampaignSeen, organization: OrganizationRow, *, without_numbers: bool) -> Sequence[str]:
    parked = (_parked("account", seen.account), _parked("number pool", seen.pool), _parked("campaign", seen.campaign))
    reasons = (
        STOPPED if organization.stopped_at else None,
        HELD_BY_STATUS.get(CampaignStatus(seen.campaign.status)),
        *parked,
        PILOT_IS_OVER if seen.is_pilot_over else None,
        NO_NUMBERS if without_numbers else None,
    )
    return [reason for reason in reasons if reason]


def _campaign(seen: CampaignSeen, live: LiveNow, due: DueLeads, held_up_by: Sequence[str]) -> CampaignStanding:
    campaign = seen.campaign
    return CampaignStanding(
        id=campaign.id,
        name=campaign.name,
        status=campaign.status,
        number_pool_id=campaign.number_pool_id,
        live_calls=live.under.get(campaign.id, 0),
        max_live_calls=campaign.max_live_calls,
        leads_due=due.count,
        leads_due_is_cut=due.is_cut,
        next_due_at=due.next_at,
        held_up_by=list(held_up_by),
    )


def _pool(seen: PoolSeen, live: LiveNow) -> PoolStanding:
    pool = seen.pool
    return PoolStanding(
        id=pool.id,
        name=pool.name,
        account_id=pool.account_id,
        live_calls=live.under.get(pool.id, 0),
        max_live_calls=pool.max_live_calls,
        has_numbers=seen.has_numbers,
        parked=_parked("number pool", pool),
    )


def _account(account: AccountRow, live: LiveNow) -> AccountStanding:
    return AccountStanding(
        id=account.id,
        name=account.name,
        provider=account.provider,
        live_calls=live.under.get(account.id, 0),
        max_live_calls=account_cap(account),
        parked=_parked("account", account),
    )


def _parked(what: str, row: AccountRow | NumberPoolRow | CampaignRow) -> str | None:
    if row.parked_at is None:
        return None
    return describe(Parking(what, row.name, row.parked_reason, row.probe_at))
