"""One key makes one call, however often and however much at once it is sent."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import retell as sdk
from retell.types import PhoneCallResponse

from simulator.rehearsal import Stage

Dial = Callable[..., Awaitable[PhoneCallResponse]]
Control = Callable[..., Awaitable[Any]]
KEY = {"idempotency_key": "attempt 1"}


async def test_twenty_requests_at_once_under_one_key_make_one_call(control: Control, dial: Dial) -> None:
    answers = await asyncio.gather(*(dial("+13125550142", KEY) for _ in range(20)))
    assert len({answer.call_id for answer in answers}) == 1
    witnessed = await control("GET", "/calls?to_number=%2B13125550142")
    assert [(call["idempotency_key"], call["replays"]) for call in witnessed] == [("attempt 1", 19)]


async def test_a_replay_is_answered_although_there_is_no_room(stage: Stage, dial: Dial) -> None:
    made = await dial("+13125550142", KEY)
    stage.settings.apply({"concurrency_limit": 0})
    assert (await dial("+13125550142", KEY)).call_id == made.call_id


async def test_a_key_with_another_body_is_refused(dial: Dial) -> None:
    await dial("+13125550142", KEY)
    with pytest.raises(sdk.BadRequestError, match="idempotency_key"):
        await dial("+13125550143", KEY)


@pytest.mark.parametrize(
    ("minutes", "same"), [pytest.param(59, True, id="within-the-hour"), pytest.param(61, False, id="after-an-hour")]
)
async def test_a_key_is_remembered_for_an_hour(stage: Stage, dial: Dial, minutes: int, same: bool) -> None:
    made = await dial("+13125550142", KEY)
    stage.simulator.book.get(made.call_id).accepted_ms -= minutes * 60_000
    assert ((await dial("+13125550142", KEY)).call_id == made.call_id) is same
