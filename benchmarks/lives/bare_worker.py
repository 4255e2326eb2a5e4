"""The worker of the bare lives, a process of its own: ``python -m benchmarks.lives.bare_worker``."""

import asyncio
import os
import signal
import sys
from pathlib import Path

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.worker import PollerBehaviorSimpleMaximum, Worker

from benchmarks.lives.bare_activities import StandIn, decide
from benchmarks.lives.bare_life import BareLife
from runtime.embedded.environments import for_children
from runtime.embedded.part import Part
from runtime.embedded.temporal_server import TemporalServer
from runtime.exit import leave
from runtime.settings import load_settings
from runtime.temporal_client import connect, connect_once

PROJECT = Path(__file__).resolve().parents[2]
TASK_QUEUE = "bench-bare-life"

# As in worker.py, whose rival this is.
MOST_ACTIVITIES = 500
DECISIONS_AT_ONCE = 10
CACHED_WORKFLOWS = 1_000
WORKFLOWS_AT_ONCE = 2 * DECISIONS_AT_ONCE
POLLS_AT_ONCE = 10
POLLS_FOR_NEWCOMERS = 0.5


def bare_worker_part(server: TemporalServer) -> Part:
    """The process as the embedded stack runs it, beside the real worker."""

    async def listens() -> bool:
        try:
            return await _listens(await connect_once(server.client_settings()))
        except (RuntimeError, RPCError):
            return False

    return Part(
        name="bare-worker",
        title="Worker of the bare lives",
        argv=[sys.executable, "-m", "benchmarks.lives.bare_worker"],
        env=for_children({"PATH": os.environ.get("PATH", "")}, server.environment()),
        cwd=PROJECT,
        after=["temporal"],
        ready=listens,
        stands_back=True,
    )


def build_worker(client: Client) -> Worker:
    """Everything that a bare life calls."""
    return Worker(
        client,
        task_queue=TASK_QUEUE,
        workflows=[BareLife],
        activities=[decide, StandIn(client).dial],
        max_concurrent_activities=MOST_ACTIVITIES,
        max_concurrent_local_activities=DECISIONS_AT_ONCE,
        max_concurrent_workflow_tasks=WORKFLOWS_AT_ONCE,
        workflow_task_poller_behavior=PollerBehaviorSimpleMaximum(POLLS_AT_ONCE),
        nonsticky_to_sticky_poll_ratio=POLLS_FOR_NEWCOMERS,
        max_cached_workflows=CACHED_WORKFLOWS,
    )


async def _listens(client: Client) -> bool:
    described = await client.workflow_service.describe_task_queue(
        DescribeTaskQueueRequest(
            namespace=client.namespace,
            task_queue=TaskQueue(name=TASK_QUEUE),
            task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
        )
    )
    return len(described.pollers) > 0


async def _work() -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with build_worker(await connect(load_settings(os.environ))):
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(_work())
    leave(0)
