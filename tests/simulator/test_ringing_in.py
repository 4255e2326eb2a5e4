"""Somebody rings: their number is asked about, and the call lives like any other."""

from collections.abc import Awaitable, Callable
from typing import Any

from simulator.rehearsal import Stage

Control = Callable[..., Awaitable[Any]]


async def test_a_call_that_comes_in_is_asked_about_and_reported(stage: Stage, control: Control) -> None:
    rung = {"from_number": "+13125550123", "to_number": "+12125550100", "inbound_webhook_url": f"{stage.hook_url}/in"}
    call = await control("POST", "/ring", rung)
    received = await stage.inbox.until(lambda some: any(one.event == "call_analyzed" for one in some))
    assert [one.event for one in received] == ["call_inbound", "call_started", "call_ended", "call_analyzed"]
    assert received[0].payload["call_inbound"]["from_number"] == "+13125550123"
    shown = received[-1].payload["call"]
    assert (shown["direction"], shown["call_id"], shown["from_number"]) == ("inbound", call["call_id"], "+13125550123")


async def test_without_an_answer_the_agent_answers_all_the_same(stage: Stage, control: Control) -> None:
    stage.inbox.refusals["call_inbound"] = 4
    rung = {"from_number": "+13125550123", "to_number": "+12125550100", "inbound_webhook_url": f"{stage.hook_url}/in"}
    call = await control("POST", "/ring", rung)
    assert stage.inbox.tried[:4] == ["call_inbound"] * 4
    assert (call["metadata"], call["direction"]) == (None, "inbound")


async def test_a_call_that_comes_in_has_a_recording_and_its_webhooks_get_lost_like_others(
    stage: Stage, control: Control
) -> None:
    rung = {"from_number": "+13125550123", "to_number": "+12125550177", "talk_seconds": 0.2}
    await control("POST", "/faults", {"operation": "webhook", "effect": "lost", "events": ["call_ended"]})
    call = await control("POST", "/ring", rung)
    received = await stage.inbox.until(lambda some: any(one.event == "call_analyzed" for one in some))
    assert [one.event for one in received] == ["call_started", "call_analyzed"]
    analyzed = received[-1].payload["call"]
    assert (analyzed["call_id"], bool(analyzed["recording_url"])) == (call["call_id"], True)
