"""Limits on live calls and calls a second, and both ways of refusing."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import retell as sdk
from retell import AsyncRetell
from retell.types import PhoneCallResponse

from simulator.rehearsal import Stage, eventually

Dial = Callable[..., Awaitable[PhoneCallResponse]]
Control = Callable[..., Awaitable[Any]]


@pytest.fixture(autouse=True)
async def everybody_talks(stage: Stage) -> None:
    stage.settings.apply({"mix": {"answer": 1}, "talk_seconds": 0.3})


async def test_a_call_over_the_limit_is_refused_with_429(stage: Stage, control: Control, dial: Dial) -> None:
    await control("POST", "/settings", {"concurrency_limit": 3, "reserved_inbound_concurrency": 1})
    answers = await asyncio.gather(*(dial(f"+1312555014{n}") for n in range(5)), return_exceptions=True)
    assert sum(isinstance(answer, sdk.RateLimitError) for answer in answers) == 3
    assert len(await control("GET", "/calls")) == 2
    await eventually(lambda: stage.simulator.capacity.live == 0)
    await dial()


@pytest.mark.parametrize(
    ("elsewhere", "room"),
    [
        pytest.param(0, 6, id="the-share-for-people-who-ring-in-is-kept"),
        pytest.param(3, 6, id="they-use-it-up"),
        pytest.param(5, 5, id="and-more"),
        pytest.param(12, 0, id="others-have-everything"),
    ],
)
async def test_calls_of_other_kinds_count_too_and_use_up_the_reserved_share_first(
    stage: Stage, control: Control, dial: Dial, retell: AsyncRetell, elsewhere: int, room: int
) -> None:
    stage.settings.apply({"talk_seconds": 60, "ring_seconds": 60})
    limits = {"concurrency_limit": 10, "reserved_inbound_concurrency": 4, "live_elsewhere": elsewhere}
    await control("POST", "/settings", limits)
    answers = await asyncio.gather(*(dial(f"+131255501{n:02}") for n in range(12)), return_exceptions=True)
    assert sum(not isinstance(answer, sdk.RateLimitError) for answer in answers) == room
    said = await retell.concurrency.retrieve()
    assert (said.current_concurrency, said.concurrency_limit) == (room + elsewhere, 10)
    assert said.reserved_inbound_concurrency == 4
    assert not said.concurrency_burst_enabled


async def test_a_call_over_the_limit_is_taken_and_ends_at_once(
    stage: Stage, control: Control, dial: Dial, retell: AsyncRetell
) -> None:
    await control("POST", "/settings", {"concurrency_limit": 0, "refusal": "end_call"})
    refused = await dial("+13125550142")
    assert await stage.inbox.events(2) == ["call_ended", "call_analyzed"]
    call = await retell.call.retrieve(refused.call_id)
    assert (call.call_status, call.disconnection_reason) == ("error", "concurrency_limit_reached")
    assert (await control("GET", "/stats"))["peak_live"] == 0
    # Nothing rang, so the next call to the number is still its first.
    assert stage.simulator.book.dialled_before("+13125550142") == 0


async def test_calls_a_second_are_counted_over_the_last_second(control: Control, dial: Dial) -> None:
    await control("POST", "/settings", {"calls_per_second": 2})
    answers = await asyncio.gather(*(dial() for _ in range(6)), return_exceptions=True)
    assert sum(isinstance(answer, sdk.RateLimitError) for answer in answers) == 4


async def test_a_hundred_live_calls_end_and_are_told(stage: Stage, control: Control, dial: Dial) -> None:
    await asyncio.gather(*(dial(f"+1312555{n:04d}") for n in range(100)))
    received = await stage.inbox.until(lambda r: len(r) == 300)
    assert len({(r.call_id, r.event) for r in received}) == 300
    stats = await control("GET", "/stats")
    assert (stats["live_now"], stats["calls"]["accepted"], stats["webhooks"]["accepted"]) == (0, 100, 300)
    assert 1 <= stats["peak_live"] <= 100
    calls = await control("GET", "/calls")
    assert all(call["accepted_ms"] <= call["started_ms"] <= call["ended_ms"] for call in calls)
