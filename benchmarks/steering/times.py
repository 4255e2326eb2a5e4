"""Whether the leads of a campaign wait for the right time, as people read it."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytz

from benchmarks.errors import BenchmarkFailed
from commands.demo.client import Client, Json

PAGE = 200
LOOK_SECONDS = 0.1
PATIENCE_SECONDS = 300.0

IsRight = Callable[[Json], bool]


def is_due(lead: Json) -> bool:
    """It waits for nothing but a free slot: for no time, or for one that has come."""
    planned = lead["next_attempt_at"]
    return planned is None or datetime.fromisoformat(planned) <= datetime.now(UTC)


def waits_for(weekday: int, opens: int, closes: int) -> IsRight:
    """It waits for that day of the week (0 is Monday), between these hours on all clocks that it may live by."""

    def is_right(lead: Json) -> bool:
        if lead["next_attempt_at"] is None:
            return False
        instant = datetime.fromisoformat(lead["next_attempt_at"])
        clocks = [instant.astimezone(pytz.timezone(zone)) for zone in lead["time_zones"]]
        return all(clock.weekday() == weekday and opens <= clock.hour < closes for clock in clocks)

    return is_right


async def until_all_right(
    api: Client, campaign_id: str, is_right: IsRight, *, patience_seconds: float = PATIENCE_SECONDS
) -> None:
    """Read all pages of leads that wait, each one again until all on it are right.

    Raises:
        BenchmarkFailed: Some are not after all this time.
    """
    deadline = time.monotonic() + patience_seconds
    cursor: str | None = None
    while True:
        query = {"campaign_id": campaign_id, "status": "new", "limit": str(PAGE)}
        page = await api.get("/api/v1/leads", **query, **({"cursor": cursor} if cursor else {}))
        wrong = [lead for lead in page["items"] if not is_right(lead)]
        if wrong and time.monotonic() > deadline:
            raise BenchmarkFailed(f"A lead still waits for the wrong time: {wrong[0]['next_attempt_at']}.")
        if wrong:
            await asyncio.sleep(LOOK_SECONDS)
            continue
        cursor = page["next_cursor"]
        if cursor is None:
            return
