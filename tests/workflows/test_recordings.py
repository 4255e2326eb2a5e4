"""The rounds that fetch recordings: cheap for the engine, and a lead's own history knows nothing of them."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from temporalio import activity
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.keeping_recordings import Shift
from tests.patience import PATIENCE_SECONDS
from tests.workflows.real_life import real_server
from workflows import policies
from workflows.recordings import Recordings
from workflows.schedules import ensure_recordings

MOST_EVENTS = 12


@activity.defn(name="keep_recordings")
async def keeps_one() -> Shift:
    return Shift(kept=1)


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    """A server of this test's own: there is one schedule."""
    async with real_server() as client:
        yield client


async def test_a_round_costs_the_engine_one_activity_and_is_given_up_by_its_silence(
    time_skipping: WorkflowEnvironment,
) -> None:
    client = time_skipping.client
    async with Worker(client, task_queue="rounds", workflows=[Recordings], activities=[keeps_one]):
        handle = await client.start_workflow(Recordings.run, id="round", task_queue="rounds")
        assert await handle.result() == Shift(kept=1)
    events = (await handle.fetch_history()).events
    scheduled = [
        event.activity_task_scheduled_event_attributes
        for event in events
        if event.HasField("activity_task_scheduled_event_attributes")
    ]
    assert [one.heartbeat_timeout.ToTimedelta() for one in scheduled] == [policies.RECORDINGS_HEARTBEAT]
    assert len(events) <= MOST_EVENTS


async def test_a_worker_that_starts_has_a_round_at_once(client: Client) -> None:
    rounds = asyncio.Queue[None]()

    @activity.defn(name="keep_recordings")
    async def keep_recordings() -> Shift:
        rounds.put_nowait(None)
        return Shift()

    async with Worker(client, task_queue="rounds", workflows=[Recordings], activities=[keep_recordings]):
        for _ in range(2):
            await ensure_recordings(client, "rounds")
            async with asyncio.timeout(PATIENCE_SECONDS):
                await rounds.get()
