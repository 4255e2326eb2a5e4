"""How an organisation stands now, put together: what runs, who is due, and what holds them up."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from activities.probing import told_if_parked
from api.dependencies import Dependencies
from api.held_up import held_up_by
from api.principal import Principal
from api.registry_check import REMEDY, too_old_registries
from api.schemas.standing import AccountStanding, CampaignStanding, PoolStanding, StatusAnswer
from api.todays_calls import beginning_of_today, todays_calls
from storage import standing
from storage.models import AccountRow
from storage.organizations import get_organization
from storage.paces import account_cap
from storage.standing import MOST_SHOWN, CampaignSeen, DueLeads, LiveNow, PoolSeen


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
    today = await todays_calls(session, principal.organization_id, beginning_of_today(today_since, deps.clock()))
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
            seen, live, due[seen.campaign.id], held_up_by(seen, organization, without_numbers=seen.pool.id in empty)
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


def _campaign(seen: CampaignSeen, live: LiveNow, due: DueLeads, reasons: list[str]) -> CampaignStanding:
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
        held_up_by=reasons,
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
        parked=told_if_parked("number pool", pool),
    )


def _account(account: AccountRow, live: LiveNow) -> AccountStanding:
    return AccountStanding(
        id=account.id,
        name=account.name,
        provider=account.provider,
        live_calls=live.under.get(account.id, 0),
        max_live_calls=account_cap(account),
        parked=told_if_parked("account", account),
    )
