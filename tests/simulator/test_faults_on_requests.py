"""Requests that are refused, answered late or never, or whose connection breaks."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import retell as sdk
from retell import AsyncRetell
from retell.types import PhoneCallResponse

from simulator.faults import FaultBook, FaultOrder
from simulator.rehearsal import Stage, eventually
from simulator.settings import Settings
from simulator.stats import Stats

Dial = Callable[..., Awaitable[PhoneCallResponse]]
Control = Callable[..., Awaitable[Any]]
CREATE = {"operation": "create-phone-call"}


@pytest.mark.parametrize(
    ("fault", "error", "calls"),
    [
        pytest.param({"effect": "error", "status": 429}, sdk.RateLimitError, 0, id="429"),
        pytest.param({"effect": "error"}, sdk.InternalServerError, 0, id="500-before-the-call-was-made"),
        pytest.param({"effect": "error", "moment": "after"}, sdk.InternalServerError, 1, id="500-after"),
        pytest.param({"effect": "error", "status": 401}, sdk.AuthenticationError, 0, id="account-refused"),
        pytest.param({"effect": "error", "status": 402}, sdk.APIStatusError, 0, id="trial-ended"),
        pytest.param({"effect": "error", "status": 422}, sdk.UnprocessableEntityError, 0, id="agent-unknown"),
        pytest.param({"effect": "error", "status": 400}, sdk.BadRequestError, 0, id="caller-id-refused"),
        pytest.param({"effect": "drop"}, sdk.APIConnectionError, 0, id="cut-before"),
        pytest.param({"effect": "drop", "moment": "after"}, sdk.APIConnectionError, 1, id="cut-after"),
        pytest.param({"effect": "silence"}, sdk.APITimeoutError, 0, id="silent-before"),
        pytest.param({"effect": "silence", "moment": "after"}, sdk.APITimeoutError, 1, id="silent-after"),
        pytest.param({"effect": "slow", "seconds": 30}, sdk.APITimeoutError, 0, id="slow-to-make-it"),
        pytest.param({"effect": "slow", "seconds": 30, "moment": "after"}, sdk.APITimeoutError, 1, id="slow-to-say-so"),
    ],
)
async def test_a_broken_create_fails_as_told_and_only_once(
    stage: Stage,
    retell: AsyncRetell,
    control: Control,
    dial: Dial,
    fault: dict[str, Any],
    error: type[sdk.APIError],
    calls: int,
) -> None:
    await control("POST", "/faults", CREATE | fault | {"next": 1})
    patient = retell.with_options(timeout=0.2)
    with pytest.raises(error):
        await patient.call.create_phone_call(from_number="+12125550100", to_number="+13125550142")
    assert len(await control("GET", "/calls")) == calls
    await dial()
    assert len(await control("GET", "/calls")) == calls + 1


async def test_retry_after_and_the_message_are_passed_on(control: Control, dial: Dial) -> None:
    await control("POST", "/faults", CREATE | {"effect": "error", "status": 429, "retry_after": 2, "message": "Slow!"})
    with pytest.raises(sdk.RateLimitError, match="Slow!") as refused:
        await dial()
    assert refused.value.response.headers["retry-after"] == "2"


async def test_a_slow_answer_comes_in_the_end(stage: Stage, control: Control, dial: Dial) -> None:
    await control("POST", "/faults", CREATE | {"effect": "slow", "seconds": 0.2, "moment": "after"})
    answer = asyncio.ensure_future(dial())
    await stage.inbox.until(lambda received: any(r.event == "call_analyzed" for r in received))
    assert not answer.done()
    # It says what was true when the request was served.
    assert (await answer).call_status == "registered"


async def test_look_ups_and_lists_can_fail_while_calls_are_made(
    control: Control, dial: Dial, retell: AsyncRetell
) -> None:
    broken = [{"operation": name, "effect": "error"} for name in ("get-call", "list-calls")]
    await control("POST", "/faults", broken)
    made = await dial()
    for question in (retell.call.retrieve(made.call_id), retell.call.list()):
        with pytest.raises(sdk.InternalServerError):
            await question
    assert len(await control("DELETE", "/faults/1")) == 1
    assert (await retell.call.retrieve(made.call_id)).call_id == made.call_id
    assert await control("DELETE", "/faults") == []
    assert len((await retell.call.list()).items) == 1


async def test_a_fault_can_be_meant_for_one_number(control: Control, dial: Dial) -> None:
    await control("POST", "/faults", CREATE | {"effect": "error", "to_number": "+13125550143"})
    await dial("+13125550142")
    with pytest.raises(sdk.InternalServerError):
        await dial("+13125550143")


async def test_when_everything_fails_control_still_answers(stage: Stage, control: Control, retell: AsyncRetell) -> None:
    await control("POST", "/faults", {"operation": "any", "effect": "drop"})
    with pytest.raises(sdk.APIConnectionError):
        await retell.concurrency.retrieve()
    assert (await control("GET", "/faults"))[0]["hits"] == 1
    await eventually(lambda: stage.simulator.stats.faults["any drop"] == 1)


def test_a_probability_strikes_the_same_requests_for_the_same_seed() -> None:
    def struck(seed: int) -> list[bool]:
        book = FaultBook(Settings(seed=seed), Stats())
        book.add(FaultOrder(operation="get-call", effect="error", probability=0.3))
        return [book.request_fault("get-call", None) is not None for _ in range(1000)]

    assert struck(1) == struck(1) != struck(2)
    assert sum(struck(1)) == pytest.approx(300, abs=50)


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param({"operation": "webhook", "effect": "error"}, id="a-webhook-has-no-status"),
        pytest.param({"operation": "get-call", "effect": "lost"}, id="a-request-cannot-be-lost"),
        pytest.param({"operation": "get-call", "effect": "error", "propability": 1}, id="a-misspelt-name"),
    ],
)
async def test_a_fault_that_makes_no_sense_is_refused(control: Control, fault: dict[str, Any]) -> None:
    with pytest.raises(Exception, match="400"):
        await control("POST", "/faults", fault)
    assert await control("GET", "/faults") == []
