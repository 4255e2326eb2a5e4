"""One round of whole lives: through the API, the database, the worker, the simulator and its webhooks."""

from datetime import UTC, datetime

from benchmarks.lives.system import System


async def whole_seconds(system: System, name: str, lives: int) -> float:
    """How long so many leads take, from the first request that brings them in to the end of the last one's workflow.

    Args:
        system: Up and otherwise idle.
        name: Of a campaign that there isn't yet.
        lives: How many.

    Raises:
        BenchmarkFailed: A lead was refused, or did not come to its end at the first attempt.
    """
    campaign_id = await system.launched(name)
    leads = [{**lead, "campaign_id": campaign_id} for lead in system.take(lives)]
    began = datetime.now(UTC)
    await system.bring_in(leads)
    await system.all_reached(campaign_id, lives)
    return (await system.last_end(campaign_id, lives) - began).total_seconds()
