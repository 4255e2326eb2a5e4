"""Listeners that come, break off and resume at any moment, beside writers: in the end each knows how things stand."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from storage.models import AttemptRow
from tests.api.live.conftest import LiveCall, NewCall, Process, Sessions
from tests.api.live.ear import Ear, listen

SEED = 20261125
CALLS, WRITES, LISTENERS = 3, 200, 8
REVISED, GROWN, LONGEST = 0.9, 0.2, 4
LAST = "this was the last"


History = defaultdict[str, set[tuple[str, ...]]]
"""Of each attempt every transcript that it ever had."""


class Listener:
    """Does what the guide tells clients to do with each event, and has at each moment what was so at some moment."""

    def __init__(self, history: History) -> None:
        self._history = history
        self.calls: dict[str, list[str]] = {}
        self.last_event_id: str | None = None

    async def hear(self, client: httpx.AsyncClient, events: int) -> None:
        """Listen from where it broke off, until it has heard so many events."""
        async with listen(client, self.last_event_id) as ear:
            for _ in range(events):
                await self._take(ear)

    async def hear_all(self, client: httpx.AsyncClient, of: int) -> None:
        async with listen(client, self.last_event_id) as ear:
            while sum(said[-1:] == [LAST] for said in self.calls.values()) < of:
                await self._take(ear)

    async def _take(self, ear: Ear) -> None:
        block = await ear.block()
        assert block is not None
        self._apply(block.data or {"type": "nothing"})
        self.last_event_id = ear.last_event_id or None

    def _apply(self, event: dict[str, Any]) -> None:
        if event["type"] == "begin" and not event["resumed"]:
            self.calls.clear()
        if event.get("utterances") is not None:
            said = self.calls.setdefault(event["attempt"]["id"], [])
            assert event["utterances_from"] <= len(said), "a gap"
            said[event["utterances_from"] :] = [utterance["content"] for utterance in event["utterances"]]
            assert tuple(said) in self._history[event["attempt"]["id"]]


async def test_whoever_comes_breaks_off_and_resumes_at_any_moment_has_every_transcript_in_the_end(
    process: Process, listener: httpx.AsyncClient, new_call: NewCall, sessions: Sessions
) -> None:
    organization_id = (await process.deps.first_rows.ready()).organization.id
    dice = random.Random(SEED)
    calls = [await new_call() for _ in range(CALLS)]
    history: History = defaultdict(lambda: {()})
    listeners = [Listener(history) for _ in range(LISTENERS)]

    async def put(call: LiveCall, said: list[str]) -> None:
        await commit(sessions, call, said, reads=dice.choice([0, 0, 5]))
        process.deps.live.ring(organization_id)

    async def write_all() -> None:
        await asyncio.gather(*(write(put, call, dice, history[str(call.attempt_id)]) for call in calls))

    writing = asyncio.create_task(write_all())

    async def come_and_go(one: Listener) -> None:
        while not writing.done():
            hearing = asyncio.create_task(one.hear(listener, dice.randint(1, 12)))
            await asyncio.wait({hearing, writing}, return_when=asyncio.FIRST_COMPLETED)
            hearing.cancel()  # where it still waits for something to happen
            await asyncio.gather(hearing, return_exceptions=True)
            assert hearing.cancelled() or hearing.exception() is None
        await one.hear_all(listener, CALLS)

    await asyncio.gather(writing, *(come_and_go(one) for one in listeners))
    async with sessions() as session:
        rows = [await session.get_one(AttemptRow, call.attempt_id) for call in calls]
    truth = {str(row.id): [said["content"] for said in row.utterances or []] for row in rows}
    assert [one.calls for one in listeners] == [truth] * LISTENERS


Put = Callable[[LiveCall, list[str]], Awaitable[None]]


async def write(put: Put, call: LiveCall, dice: random.Random, history: set[tuple[str, ...]]) -> None:
    """A transcript that grows and is revised, also back to what it was; some changes take a while to commit."""
    said: list[str] = []
    for _ in range(WRITES):
        if said and dice.random() < REVISED:
            said[dice.randrange(len(said))] = dice.choice("ab")
        said = [*said[-LONGEST:], dice.choice("ab")] if dice.random() < GROWN else said
        history.add(tuple(said))
        await put(call, said)
    history.add((*said, LAST))
    await put(call, [*said, LAST])


async def commit(sessions: Sessions, call: LiveCall, said: list[str], *, reads: int) -> None:
    """Write the transcript, and take a while to commit it."""
    async with sessions.begin() as session:
        row = await session.get_one(AttemptRow, call.attempt_id)
        row.utterances = [{"role": "user", "content": content} for content in said]
        await session.flush()
        for _ in range(reads):
            await session.get_one(AttemptRow, call.attempt_id, populate_existing=True)
