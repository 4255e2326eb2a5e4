"""Somebody who listens to the live stream while calls report: how long after its webhook each word is heard.

One who listens takes little beside the system, so it stays in the process of the benchmark.
"""

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx

from benchmarks.errors import BenchmarkFailed
from benchmarks.webhook.order import Spoken

PATH = "/api/v1/calls/live"

# Words that were not heard so long after the last webhook's answer are lost.
PATIENCE_SECONDS = 10.0
LOOK_SECONDS = 0.1

# The stream is silent for fifteen seconds at a time.
SILENCE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Heard:
    """How many utterances of each call were known, and since when by ``time.time``; in the order of the stream."""

    by_call: dict[str, list[tuple[int, float]]] = field(default_factory=lambda: defaultdict(list))

    def note(self, event: dict[str, object], at: float) -> None:
        """One event; of a call as it was at the beginning, or that only changed, nothing is noted."""
        utterances, known_before = event.get("utterances"), event.get("utterances_from", 0)
        if isinstance(utterances, list) and isinstance(known_before, int):
            self.by_call[str(event["call_id"])].append((known_before + len(utterances), at))

    def when(self, spoken: Spoken) -> float | None:
        """Since when at least so much of the call was known as its webhook said."""
        return next((at for known, at in self.by_call[spoken.call_id] if known >= spoken.utterances), None)

    async def lateness(
        self, all_spoken: Sequence[Spoken], *, patience_seconds: float = PATIENCE_SECONDS
    ) -> list[float]:
        """From the sending of each running transcript to its arrival here, in seconds.

        What was overtaken counts by the event that had more.

        Raises:
            BenchmarkFailed: Some were not heard.
        """
        deadline = time.monotonic() + patience_seconds
        # Many events, of which any may be the last that is waited for.
        while (unheard := sum(self.when(one) is None for one in all_spoken)) and time.monotonic() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(LOOK_SECONDS)
        if unheard:
            raise BenchmarkFailed(f"{unheard} of {len(all_spoken)} running transcripts never came in the live stream.")
        arrivals = [(one.sent_at, self.when(one)) for one in all_spoken]
        return [at - sent_at for sent_at, at in arrivals if at is not None]


@asynccontextmanager
async def listening(http: httpx.AsyncClient, campaign_id: str) -> AsyncIterator[Heard]:
    """Listen to a campaign's calls, from the first event on.

    Args:
        http: Leads to the API, signed in.
        campaign_id: Whose calls.
    """
    heard, begun = Heard(), asyncio.Event()
    listener = asyncio.create_task(_listen(http, campaign_id, heard, begun))
    try:
        await asyncio.wait({listener, waits := asyncio.create_task(begun.wait())}, return_when=asyncio.FIRST_COMPLETED)
        waits.cancel()
        yield heard
    finally:
        listener.cancel()
        await asyncio.gather(listener, return_exceptions=True)


async def _listen(http: httpx.AsyncClient, campaign_id: str, heard: Heard, begun: asyncio.Event) -> None:
    async with http.stream("GET", PATH, params={"campaign_id": campaign_id}, timeout=SILENCE_SECONDS) as answer:
        answer.raise_for_status()
        async for line in answer.aiter_lines():
            at = time.time()
            if line.startswith("data: "):
                heard.note(json.loads(line.removeprefix("data: ")), at)
                begun.set()
