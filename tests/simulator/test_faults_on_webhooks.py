"""Webhooks that are lost, late, doubled, reordered or forged, and sending one again."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import permutations
from typing import Any

import pytest
from retell.lib.webhook_auth import verify
from retell.types import PhoneCallResponse

from simulator.rehearsal import Stage, eventually

Dial = Callable[..., Awaitable[PhoneCallResponse]]
Control = Callable[..., Awaitable[Any]]
Pin = Callable[..., Awaitable[None]]
WEBHOOK = {"operation": "webhook"}
LIFE = ("call_started", "call_ended", "call_analyzed")


@asynccontextmanager
async def silent_receiver() -> AsyncIterator[str]:
    """Takes connections and never answers."""
    done = asyncio.Event()

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await done.wait()
        writer.close()

    listening = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    async with listening:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/"
        done.set()


@pytest.fixture(autouse=True)
async def everybody_answers(pin: Pin) -> None:
    await pin("*", "answer")


async def test_a_lost_webhook_never_comes(stage: Stage, dial: Dial, control: Control) -> None:
    await control("POST", "/faults", WEBHOOK | {"effect": "lost", "events": ["call_ended"]})
    await dial()
    assert await stage.inbox.events(2) == ["call_started", "call_analyzed"]
    assert (await control("GET", "/stats"))["webhooks"]["lost"] == 1


async def test_a_late_webhook_is_overtaken(stage: Stage, dial: Dial, control: Control) -> None:
    await control("POST", "/faults", WEBHOOK | {"effect": "late", "seconds": 0.25, "events": ["call_started"]})
    await dial()
    assert await stage.inbox.events(3) == ["call_ended", "call_analyzed", "call_started"]


async def test_a_doubled_webhook_comes_many_times_and_many_at_once(stage: Stage, dial: Dial, control: Control) -> None:
    stage.settings.apply({"webhook_timeout_seconds": 10})
    await control("POST", "/faults", WEBHOOK | {"effect": "doubled", "copies": 100, "at_once": 16})
    stage.inbox.door.clear()
    made = await dial("+13125550142", {"agent_override": {"agent": {"webhook_events": ["call_ended"]}}})
    await eventually(lambda: stage.inbox.at_once == 16)
    stage.inbox.door.set()
    received = await stage.inbox.until(lambda r: len(r) == 100)
    assert {(r.event, r.call_id) for r in received} == {("call_ended", made.call_id)}
    assert stage.inbox.peak_at_once == 16


@pytest.mark.parametrize("order", [pytest.param(o, id="-".join(e[5:] for e in o)) for o in permutations(LIFE)])
async def test_every_order_can_be_had(stage: Stage, dial: Dial, control: Control, order: tuple[str, ...]) -> None:
    await control("POST", "/faults", WEBHOOK | {"effect": "reordered", "order": order})
    await dial()
    assert await stage.inbox.events(3) == list(order)


async def test_without_an_order_they_are_shuffled(stage: Stage, dial: Dial, control: Control) -> None:
    await control("POST", "/faults", WEBHOOK | {"effect": "reordered"})
    seen = set()
    for n in range(8):
        stage.inbox.received.clear()
        await dial(f"+1312555014{n}")
        seen.add(tuple(await stage.inbox.events(3)))
    assert len(seen) > 2


async def test_a_forged_webhook_is_not_believed(stage: Stage, dial: Dial, control: Control) -> None:
    await control("POST", "/faults", WEBHOOK | {"effect": "forged", "events": ["call_ended"]})
    await dial()
    received = await stage.inbox.until(lambda r: len(r) == 3)
    believed = {r.event: verify(r.raw, "key_of_tests", r.signature) for r in received}  # type: ignore[no-untyped-call]
    assert believed == {"call_started": True, "call_ended": False, "call_analyzed": True}


async def test_a_webhook_can_be_sent_again_word_for_word(stage: Stage, dial: Dial, control: Control) -> None:
    made = await dial()
    first = await stage.inbox.until(lambda r: len(r) == 3)
    await control("POST", "/webhooks/resend", {"call_id": made.call_id, "event": "call_analyzed", "copies": 5})
    again = await stage.inbox.until(lambda r: len(r) == 8)
    assert {r.raw for r in again[3:]} == {first[2].raw}


async def test_a_receiver_that_hangs_holds_up_nobody_for_long(stage: Stage, dial: Dial, control: Control) -> None:
    async with silent_receiver() as url:
        stage.settings.apply({"webhook_timeout_seconds": 0.1, "webhook_retries": 1})
        await dial("+13125550142", {"agent_override": {"agent": {"webhook_url": url}}})
        await dial("+13125550143")
        assert await stage.inbox.events(3) == list(LIFE)
        await eventually(lambda: stage.simulator.stats.webhooks["given_up"] == 3)
