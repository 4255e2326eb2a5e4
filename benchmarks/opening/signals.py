"""How long a signal takes to its workflow's next step, while the crowd wakes."""

import asyncio
import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from temporalio.api.enums.v1 import EventType
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

SETTLING_SECONDS = 30.0
MOST_OF_A_CAMPAIGN = 500
CLOCKS_APART = timedelta(seconds=1)
SEED = 17

# A decision, or in mid-call a look at the call.
NEXT_STEPS = (EventType.EVENT_TYPE_MARKER_RECORDED, EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED)


async def some_asleep(engine: Client, campaigns: Sequence[str], count: int) -> list[str]:
    """The ids of so many sleeping workflows, or of all, of any campaign."""
    found: list[str] = []
    for campaign in campaigns:
        query = f"LeadlineCampaign = '{campaign}' AND ExecutionStatus = 'Running'"
        found += [life.id async for life in engine.list_workflows(query, limit=MOST_OF_A_CAMPAIGN)]
    return random.Random(SEED).sample(found, min(count, len(found)))  # noqa: S311 - no secret


async def signal_delays(engine: Client, sleepers: Sequence[str], seconds: int) -> list[float]:
    """Wake one of the workflows each second and see when it next decided, by the engine's own clock, in seconds.

    Those whose life is over meanwhile are passed over. Takes ``SETTLING_SECONDS`` longer; a signal upon which nothing
    was decided by then counts as that long.
    """
    began = datetime.now(UTC)
    left = iter(sleepers)
    sent: list[tuple[str, datetime]] = []
    for place in range(seconds):
        await _until(began + timedelta(seconds=place))
        at = datetime.now(UTC)
        woken = await _wake_one(engine, left)
        sent += [] if woken is None else [(woken, at)]
    await _until(began + timedelta(seconds=seconds + SETTLING_SECONDS))
    return [await _delay(engine, workflow_id, at) for workflow_id, at in sent]


async def _wake_one(engine: Client, sleepers: Iterator[str]) -> str | None:
    for workflow_id in sleepers:
        try:
            await engine.get_workflow_handle(workflow_id).signal("wake", {"reason": "measured"})
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            continue
        return workflow_id
    return None


async def _until(instant: datetime) -> None:
    await asyncio.sleep(max((instant - datetime.now(UTC)).total_seconds(), 0))


async def _delay(engine: Client, workflow_id: str, sent_at: datetime) -> float:
    heard_at: datetime | None = None
    async for event in engine.get_workflow_handle(workflow_id).fetch_history_events():
        at = event.event_time.ToDatetime(UTC)
        is_signal = event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED
        if is_signal and at >= sent_at - CLOCKS_APART:
            heard_at = heard_at or at
        if event.event_type in NEXT_STEPS and heard_at is not None and at >= heard_at:
            return (at - heard_at).total_seconds()
    return (datetime.now(UTC) - sent_at).total_seconds()
