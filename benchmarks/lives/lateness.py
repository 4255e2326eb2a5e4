"""How late a lead is dialled that may be called at once and finds a free slot."""

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime

from benchmarks.lives.scale import LEADS_PER_SECOND
from benchmarks.lives.system import System
from benchmarks.together import together
from commands.demo.client import Json


@dataclass(frozen=True, slots=True)
class Lateness:
    """In seconds: from the lead's row to the request at the provider, and from the POST that brought the lead in."""

    from_row: list[float]
    from_post: list[float]


@dataclass(frozen=True, slots=True)
class _Posted:
    phone_number: str
    posted_at: datetime
    created_at: datetime


async def measure_lateness(system: System, leads: int) -> Lateness:
    """Post leads one after the other at an even pace and ask the simulator when each was dialled.

    The clock starts when the lead's row is written, which is a little before its commit and so before anybody could
    have dialled.

    Raises:
        BenchmarkFailed: A lead did not come to its end at the first attempt.
    """
    began = datetime.now(UTC)
    campaign_id = await system.launched("Dial lateness")
    posted = await _post_evenly(system, [{**lead, "campaign_id": campaign_id} for lead in system.take(leads)])
    await system.all_reached(campaign_id, leads)
    arrivals = await system.arrivals(since=began)
    return Lateness(
        from_row=[(arrivals[one.phone_number] - one.created_at).total_seconds() for one in posted],
        from_post=[(arrivals[one.phone_number] - one.posted_at).total_seconds() for one in posted],
    )


async def _post_evenly(system: System, leads: list[Json]) -> list[_Posted]:
    """Each at its own instant, whether or not the one before was answered."""
    began = time.monotonic()
    return await together(_post(system, lead, began + place / LEADS_PER_SECOND) for place, lead in enumerate(leads))


async def _post(system: System, lead: Json, at: float) -> _Posted:
    await asyncio.sleep(at - time.monotonic())
    posted_at = datetime.now(UTC)
    answer = await system.api.post("/api/v1/leads", lead)
    return _Posted(answer["phone_number"], posted_at, datetime.fromisoformat(answer["created_at"]))
