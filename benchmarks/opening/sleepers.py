"""Leads that are all asleep until one and the same opening."""

import asyncio
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from benchmarks.errors import BenchmarkFailed
from benchmarks.lives.system import CAMPAIGN, System
from benchmarks.lives.system import POOL as LIVES_POOL
from benchmarks.opening.scale import CALLS_PER_SECOND, LIVE_CALLS, Scale
from commands.demo.campaigns import EVERY_DAY
from commands.demo.client import Json

LOOK_SECONDS = 1.0
ZONE = "Europe/London"

POOL: Json = {
    **LIVES_POOL,
    "name": "Opening",
    "max_live_calls": LIVE_CALLS,
    "max_calls_per_second": CALLS_PER_SECOND,
}


async def put_to_sleep(system: System, scale: Scale, bell: datetime) -> list[str]:
    """Make the campaigns, bring in their leads, and wait until each of them sleeps as a workflow.

    Returns:
        The ids of the campaigns, the largest first.

    Raises:
        BenchmarkFailed: They are not asleep when the bell is about to ring.
    """
    pool = await system.api.post("/api/v1/number-pools", POOL)
    campaigns = [await _campaign(system, pool["id"], number, bell) for number in range(1, len(scale.sizes()) + 1)]
    for campaign_id, size in zip(campaigns, scale.sizes(), strict=True):
        where = {"campaign_id": campaign_id, "time_zone": ZONE}
        await system.bring_in([{**lead, **where} for lead in system.take(size)])
    await _all_asleep(system, campaigns, scale, bell)
    return campaigns


async def _campaign(system: System, pool_id: str, number: int, bell: datetime) -> str:
    opens = bell.astimezone(ZoneInfo(ZONE))
    window = {"days": EVERY_DAY, "opens": f"{opens:%H:%M}", "closes": _closing(opens)}
    wanted = CAMPAIGN | {"name": f"Opening {number}", "number_pool_id": pool_id, "windows": [window]}
    campaign = await system.api.post("/api/v1/campaigns", wanted)
    await system.api.post(f"/api/v1/campaigns/{campaign['id']}/launch")
    return str(campaign["id"])


def _closing(opens: datetime) -> str:
    closes = opens + timedelta(hours=1)
    return "24:00" if closes.date() > opens.date() else f"{closes:%H:%M}"


async def _all_asleep(system: System, campaigns: list[str], scale: Scale, bell: datetime) -> None:
    """A workflow that runs may not have decided yet; one that sleeps has told for when its lead is planned."""
    for campaign_id, size in zip(campaigns, scale.sizes(), strict=True):
        query = f"LeadlineCampaign = '{campaign_id}' AND ExecutionStatus = 'Running'"
        while (await system.engine.count_workflows(query)).count < size or not await _all_planned(system, campaign_id):
            if datetime.now(UTC) > bell - timedelta(seconds=LOOK_SECONDS):
                raise BenchmarkFailed("The leads were not all asleep when the bell rang; try a machine that is quiet.")
            await asyncio.sleep(LOOK_SECONDS)


async def _all_planned(system: System, campaign_id: str) -> bool:
    """Looks no further than to the first page with a lead that isn't: those that came in last decide last."""
    async for leads in system.api.pages("/api/v1/leads", campaign_id=campaign_id):
        if any(lead["next_attempt_at"] is None for lead in leads):
            return False
    return True
