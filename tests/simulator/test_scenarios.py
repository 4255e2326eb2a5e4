"""What the scenarios mean, and that chance can be repeated."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import pytest
from retell import AsyncRetell
from retell.types import PhoneCallResponse

from simulator.dice import dice
from simulator.plans import plan_call
from simulator.rehearsal import Received, Stage
from simulator.scenarios import CONNECTED_REASONS, DEFAULT_MIX, Scenario, draw_scenario
from simulator.settings import Settings

Dial = Callable[..., Awaitable[PhoneCallResponse]]
Pin = Callable[..., Awaitable[None]]
NUMBER = "+13125550142"


def calls_analyzed(count: int) -> Callable[[list[Received]], bool]:
    return lambda received: sum(r.event == "call_analyzed" for r in received) >= count


async def ended(stage: Stage, dial: Dial, agent: dict[str, Any] | None = None) -> dict[str, Any]:
    await dial(NUMBER, {"agent_override": {"agent": agent or {}}})
    received = await stage.inbox.until(calls_analyzed(1))
    call: dict[str, Any] = received[-1].payload["call"]
    stage.inbox.received.clear()
    return call


async def test_who_asks_not_to_be_called_is_marked_where_detection_is_on(
    stage: Stage, dial: Dial, pin: Pin, retell: AsyncRetell
) -> None:
    await pin(NUMBER, "do_not_call")
    call = await ended(stage, dial, {"enable_dnc_detection": True})
    assert call["disconnection_reason"] == "user_requested_dnc"
    assert call["call_analysis"]["custom_analysis_data"]["do_not_call"] is True
    assert (await retell.contact.get_by_phone(NUMBER)).do_not_call is True


async def test_a_call_back_names_an_instant_with_its_offset(stage: Stage, dial: Dial, pin: Pin) -> None:
    await pin(NUMBER, {"scenario": "callback", "callback_after_seconds": 90})
    call = await ended(stage, dial)
    promised = datetime.fromisoformat(call["call_analysis"]["custom_analysis_data"]["callback_at"])
    assert promised.tzinfo is not None
    assert promised.timestamp() * 1000 == pytest.approx(call["start_timestamp"] + 90_000, abs=2000)


@pytest.mark.parametrize(
    ("option", "reason", "spoken"),
    [
        pytest.param({"action": {"type": "hangup"}}, "voicemail_reached", False, id="hang-up"),
        pytest.param({"action": {"type": "static_text", "text": "Call {us}"}}, "voicemail_reached", True, id="message"),
        pytest.param(None, "agent_hangup", False, id="detection-is-off"),
    ],
)
async def test_a_machine_is_treated_as_the_call_says(
    stage: Stage, dial: Dial, pin: Pin, option: object, reason: str, spoken: bool
) -> None:
    await pin(NUMBER, "voicemail")
    call = await ended(stage, dial, {"voicemail_option": option})
    assert call["disconnection_reason"] == reason
    assert call["call_analysis"]["in_voicemail"] is True
    assert ("Agent: Call {us}" in call["transcript"]) is spoken


async def test_a_list_is_followed_call_by_call_and_its_last_repeats(stage: Stage, dial: Dial, pin: Pin) -> None:
    await pin(NUMBER, "busy", "no_answer", "answer")
    calls = [await ended(stage, dial) for _ in range(4)]
    assert [call["call_status"] for call in calls] == ["not_connected", "not_connected", "ended", "ended"]


async def test_the_longest_talk_is_cut_off(stage: Stage, dial: Dial, pin: Pin, retell: AsyncRetell) -> None:
    await pin(NUMBER, {"scenario": "answer", "talk_seconds": 600})
    # Over HTTP no less than a minute is allowed.
    stage.simulator.agents.add({"agent_id": "agent_short", "max_call_duration_ms": 50})
    made = await dial(NUMBER, {"override_agent_id": "agent_short"})
    await stage.inbox.until(calls_analyzed(1))
    call = await retell.call.retrieve(made.call_id)
    assert call.disconnection_reason == "max_duration_reached"
    assert len(call.transcript or "") < 100


async def test_costs_follow_the_seconds_and_nothing_is_paid_for_ringing(stage: Stage, dial: Dial, pin: Pin) -> None:
    await pin(NUMBER, "answer", "busy")
    answered, busy = await ended(stage, dial), await ended(stage, dial)
    cost = answered["call_cost"]
    assert cost["combined_cost"] == pytest.approx(sum(p["cost"] for p in cost["product_costs"]), abs=1e-5)
    assert cost["total_duration_seconds"] == answered["duration_ms"] / 1000 > 0
    assert busy["call_cost"]["combined_cost"] == 0


def test_six_calls_in_ten_are_picked_up_at_first() -> None:
    people = CONNECTED_REASONS.keys() - {Scenario.VOICEMAIL}
    drawn = Counter(plan_call(Settings(), f"+1312555{n:04d}", 0, None).scenario in people for n in range(2000))
    assert drawn[True] / 2000 == pytest.approx(0.6, abs=0.04)


def test_the_same_seed_number_and_count_give_the_same_plan() -> None:
    assert plan_call(Settings(), NUMBER, 1, None) == plan_call(Settings(), NUMBER, 1, None)
    others = {plan_call(Settings(seed=seed), NUMBER, 0, None).scenario for seed in range(40)}
    assert len(others) > 3


def test_a_number_that_was_called_before_does_not_turn_out_not_to_exist() -> None:
    mix = {Scenario.INVALID_NUMBER: 99.0, Scenario.BUSY: 1.0}
    assert draw_scenario(dice("a"), mix, earlier_calls=1) is Scenario.BUSY
    assert sum(DEFAULT_MIX.values()) == 100


async def test_two_runs_with_one_seed_say_the_same_words_whatever_the_order(stage: Stage, dial: Dial) -> None:
    # Appointments and call-backs speak of today; these don't.
    stage.settings.apply({"mix": {"busy": 1, "voicemail": 1, "do_not_call": 1, "transferred": 1}})
    numbers = [f"+1312555014{n}" for n in range(8)]

    async def run(order: list[str]) -> dict[str, object]:
        await stage.simulator.reset()
        stage.inbox.received.clear()
        await asyncio.gather(*(dial(number) for number in order))
        received = await stage.inbox.until(calls_analyzed(len(order)))
        told = [r.payload["call"] for r in received if r.event == "call_analyzed"]
        return {call["to_number"]: (call["disconnection_reason"], call.get("transcript")) for call in told}

    assert await run(numbers) == await run(numbers[::-1])


def test_real_time_takes_the_time_that_people_take() -> None:
    plan = plan_call(Settings(real_time=True), NUMBER, 0, None)
    assert plan.ring_seconds >= 3
    assert plan.talk_seconds is None
