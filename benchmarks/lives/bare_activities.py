"""What a bare life does: nothing, and a call of which only the signals are left."""

import asyncio

from temporalio import activity
from temporalio.client import Client

from benchmarks.lives.scale import ANALYSIS_SECONDS, RING_SECONDS, TALK_SECONDS

# What is waited for before each signal.
CALL = (("call_started", RING_SECONDS), ("call_ended", TALK_SECONDS), ("call_analyzed", ANALYSIS_SECONDS))


@activity.defn
async def decide() -> None:
    """Stands where the real system asks its database."""


class StandIn:
    """Stands where the real system has a provider and its webhooks."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._calls: set[asyncio.Task[None]] = set()

    @activity.defn
    async def dial(self) -> None:
        """Return at once; the call goes on by itself and signals the workflow that dialled."""
        workflow_id = activity.info().workflow_id
        if workflow_id is None:
            raise RuntimeError("only a workflow dials")
        call = asyncio.create_task(self._call(workflow_id))
        self._calls.add(call)
        call.add_done_callback(self._calls.discard)

    async def _call(self, workflow_id: str) -> None:
        handle = self._client.get_workflow_handle(workflow_id)
        for signal, seconds in CALL:
            await asyncio.sleep(seconds)
            await handle.signal(signal)
