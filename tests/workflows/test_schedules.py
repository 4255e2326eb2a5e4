"""The schedule of the reconciliation on a real server."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from temporalio import activity
from temporalio.client import Client, ScheduleIntervalSpec, ScheduleOverlapPolicy, SchedulePolicy, ScheduleSpec
from temporalio.worker import Worker

from activities.reconciling import Findings
from tests.patience import PATIENCE_SECONDS
from tests.workflows.real_life import real_server
from workflows.reconciliation import Reconciliation
from workflows.schedules import RECONCILE_EVERY, RECONCILIATION_ID, _reconciliation, ensure_reconciliation


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    """A server of this test's own: there is one schedule."""
    async with real_server() as client:
        yield client


async def test_a_round_that_seems_to_run_does_not_keep_the_one_away_that_a_starting_worker_asks_for(
    client: Client,
) -> None:
    """Also where an earlier version made the schedule, which left such rounds out."""
    rarely = ScheduleSpec(intervals=[ScheduleIntervalSpec(every=timedelta(days=300))])
    leaves_out = SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP)
    earlier = replace(_reconciliation("rounds"), spec=rarely, policy=leaves_out)
    await client.create_schedule(RECONCILIATION_ID, earlier, trigger_immediately=True)
    rounds = asyncio.Queue[None]()

    @activity.defn(name="reconcile")
    async def reconcile() -> Findings:
        rounds.put_nowait(None)
        return Findings()

    await until_a_round_seems_to_run(client)
    await ensure_reconciliation(client, "rounds")
    async with Worker(client, task_queue="rounds", workflows=[Reconciliation], activities=[reconcile]):
        async with asyncio.timeout(RECONCILE_EVERY.total_seconds() / 2):
            for _ in range(2):
                await rounds.get()


async def until_a_round_seems_to_run(client: Client) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not (await client.get_schedule_handle(RECONCILIATION_ID).describe()).info.running_actions:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
