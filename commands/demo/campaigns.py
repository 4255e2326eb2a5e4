"""What the demo sets up besides the leads: a pool, a campaign that calls now, and one that has to wait."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytz

from commands.demo.client import Client, Json
from domain.calling_hours import next_opening, parse_windows

NAME = "Demo"
EVERY_DAY = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
OFFICE_HOURS = [{"days": EVERY_DAY, "opens": "09:00", "closes": "17:00"}]
MAX_LIVE_CALLS = 40
HANG_UP_SECONDS = 20.0
LOOK_SECONDS = 0.3

POOL: Json = {
    "name": NAME,
    "from_numbers": ["+12125550190", "+13125550191", "+17135550192", "+14155550193"],
    "carrier": "twilio",
    "max_live_calls": MAX_LIVE_CALLS,
    "max_calls_per_second": 20,
}

# Hours and days of a real schedule, compressed to seconds. No calling rules: all numbers are reserved for fiction.
CALLS_NOW: Json = {
    "windows": [{"days": EVERY_DAY, "opens": "00:00", "closes": "24:00"}],
    "calling_rules": "off",
    "max_attempts": 4,
    "max_call_seconds": 60,
    "retry_delays": {
        "no_answer": [1, 2, 3],
        "busy": [1],
        "voicemail": [2, 3],
        "failed": [1],
        "declined": [2],
        "unknown": [2],
        "callback_requested": [2],
        "transfer_cancelled": [2],
    },
}

# The simulator's people ask to be called back in 2 hours, unless it is told otherwise.
SIMULATOR: Json = {"concurrency_limit": 2 * MAX_LIVE_CALLS, "callback_after_seconds": 4}

# At any instant it is before nine or after five in one of them, with hours to spare.
WAITING_NUMBERS = {
    "Pacific/Honolulu": "+1 808 555 0199",
    "America/New_York": "+1 212 555 0199",
    "Pacific/Guam": "+1 671 555 0199",
}


@dataclass(frozen=True, slots=True)
class Stage:
    """The campaigns of one run."""

    campaign_id: str
    waiting_campaign_id: str


async def set_up(api: Client, now: datetime) -> Stage:
    """Make the campaigns of this run and launch them."""
    await _end_earlier_runs(api)
    pool_id = await _pool_id(api)
    when = f"{now:%Y-%m-%d %H:%M:%S}"
    return Stage(
        campaign_id=await _launched(api, {"name": f"{NAME} {when}", "number_pool_id": pool_id, **CALLS_NOW}),
        waiting_campaign_id=await _launched(
            api,
            {"name": f"{NAME} {when}, office hours elsewhere", "number_pool_id": pool_id, "windows": OFFICE_HOURS},
        ),
    )


def waiting_lead(now: datetime) -> dict[str, Any]:
    """A lead whose office opens later than anybody else's: it has to wait, whenever the demo runs."""
    hours = parse_windows(OFFICE_HOURS)
    zone = max(WAITING_NUMBERS, key=lambda name: next_opening(now, hours, [pytz.timezone(name)]) or now)
    return {
        "external_id": "waiting",
        "name": "Patience Waiting",
        "phone_number": WAITING_NUMBERS[zone],
        "time_zone": zone,
        "source": "web form",
    }


def waiting_numbers() -> Sequence[str]:
    """Numbers that no other lead of the demo may have."""
    return [number.replace(" ", "") for number in WAITING_NUMBERS.values()]


async def _end_earlier_runs(api: Client) -> None:
    """Pause what an interrupted run left calling and hang up its calls.

    Nobody is on two calls at once: a lead of this run would wait for a minute until another call to its number ended.
    """
    for campaign in await api.everything("/api/v1/campaigns"):
        if campaign["name"].startswith(f"{NAME} ") and campaign["status"] == "running":
            await api.post(f"/api/v1/campaigns/{campaign['id']}/pause")
            await _hang_up(api, str(campaign["id"]))


async def _hang_up(api: Client, campaign_id: str) -> None:
    deadline = time.monotonic() + HANG_UP_SECONDS
    asked: set[str] = set()
    while leads := await api.everything("/api/v1/leads", campaign_id=campaign_id, status="in_progress"):
        for lead in leads:
            if lead["id"] not in asked:
                await api.post(f"/api/v1/leads/{lead['id']}/cancel", {"hang_up": True})
                asked.add(lead["id"])
        if time.monotonic() > deadline:
            return
        await asyncio.sleep(LOOK_SECONDS)


async def _pool_id(api: Client) -> str:
    for pool in await api.everything("/api/v1/number-pools"):
        if pool["name"] == NAME:
            return str(pool["id"])
    return str((await api.post("/api/v1/number-pools", POOL))["id"])


async def _launched(api: Client, campaign: Json) -> str:
    campaign_id = str((await api.post("/api/v1/campaigns", campaign))["id"])
    await api.post(f"/api/v1/campaigns/{campaign_id}/launch")
    return campaign_id
