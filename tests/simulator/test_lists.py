"""Filters and pages of list-calls."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
import retell as sdk
from retell import AsyncRetell
from retell.types import PhoneCallResponse

from simulator.rehearsal import Stage

Criteria = Any
Dial = Callable[..., Awaitable[PhoneCallResponse]]
Pin = Callable[..., Awaitable[None]]

NUMBERS = ("+13125550140", "+13125550141", "+14155550142")


@pytest.fixture
async def three_calls(stage: Stage, dial: Dial, pin: Pin) -> list[str]:
    """An answered one, a busy one and a machine, in this order."""
    for number, scenario in zip(NUMBERS, ("callback", "busy", "voicemail"), strict=True):
        await pin(number, scenario)
    made = []
    for n, number in enumerate(NUMBERS):
        more = {"metadata": {"n": n, "even": n % 2 == 0, "name": f"lead {n}"}, "override_agent_id": f"agent_{n}"}
        call = await dial(number, more | {"retell_llm_dynamic_variables": {"first_name": f"Ida{n}"}})
        made.append(call.call_id)
    await stage.inbox.until(lambda r: sum(x.event == "call_analyzed" for x in r) == len(made))
    return made


def text(op: str, value: str, **key: str) -> dict[str, Any]:
    return {"type": "string", "op": op, "value": value, **key}


@pytest.mark.parametrize(
    ("criteria", "found"),
    [
        pytest.param({}, [0, 1, 2], id="nothing-asked"),
        pytest.param({"metadata": [text("eq", "lead 1", key="name")]}, [1], id="metadata-equals"),
        pytest.param({"metadata": [text("ew", "2", key="name")]}, [2], id="metadata-ends-with"),
        pytest.param(
            {"metadata": [{"type": "number", "op": "ge", "value": 1, "key": "n"}]}, [1, 2], id="metadata-number"
        ),
        pytest.param(
            {"metadata": [{"type": "boolean", "op": "eq", "value": True, "key": "even"}]}, [0, 2], id="metadata-flag"
        ),
        pytest.param({"metadata": [{"type": "present", "op": "np", "key": "other"}]}, [0, 1, 2], id="metadata-absent"),
        pytest.param({"to_number": text("sw", "+1312")}, [0, 1], id="to-number-starts-with"),
        pytest.param({"from_number": text("ne", "+12125550100")}, [], id="from-number-differs"),
        pytest.param({"call_status": {"type": "enum", "op": "in", "value": ["not_connected"]}}, [1], id="status"),
        pytest.param(
            {"disconnection_reason": {"type": "enum", "op": "in", "value": ["dial_busy", "voicemail_reached"]}},
            [1, 2],
            id="reasons",
        ),
        pytest.param({"in_voicemail": {"type": "boolean", "op": "eq", "value": True}}, [2], id="in-voicemail"),
        pytest.param({"start_timestamp": {"type": "number", "op": "gt", "value": 0}}, [0, 1, 2], id="began-after"),
        pytest.param({"duration_ms": {"type": "range", "op": "bt", "value": [1, 60_000]}}, [0, 2], id="duration"),
        pytest.param({"combined_cost": {"type": "number", "op": "eq", "value": 0}}, [1], id="free-of-charge"),
        pytest.param({"user_sentiment": {"type": "enum", "op": "in", "value": ["Neutral"]}}, [0], id="sentiment"),
        pytest.param(
            {"custom_analysis_data": [{"type": "present", "op": "pr", "key": "callback_at"}]}, [0], id="analysis"
        ),
        pytest.param({"dynamic_variables": [text("co", "a2", key="first_name")]}, [2], id="variables"),
        pytest.param({"agent": [{"agent_id": "agent_0"}, {"agent_id": "agent_1", "version": [9]}]}, [0], id="agents"),
        pytest.param({"batch_call_id": text("eq", "batch_call_1")}, [], id="batch"),
    ],
)
async def test_the_calls_that_fit_are_found(
    retell: AsyncRetell, three_calls: list[str], criteria: Criteria, found: list[int]
) -> None:
    listed = await retell.call.list(filter_criteria=criteria)
    assert {item.call_id for item in listed.items} == {three_calls[n] for n in found}


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"filter_criteria": {"colour": text("eq", "red")}}, id="unknown-key"),
        pytest.param({"filter_criteria": {"to_number": {"type": "string", "op": "gt", "value": "1"}}}, id="unknown-op"),
        pytest.param({"filter_criteria": {"to_number": "+13125550140"}}, id="bare-value"),
        pytest.param(
            {"filter_criteria": {"call_status": {"type": "enum", "op": "in", "value": ["registered"]}}}, id="registered"
        ),
        pytest.param({"filter_criteria": {"metadata": [text("eq", "a1")]}}, id="metadata-without-key"),
        pytest.param({"limit": 1001}, id="limit-too-high"),
        pytest.param({"pagination_key": "nonsense"}, id="foreign-page"),
        pytest.param({"sort_order": "sideways"}, id="unknown-order"),
    ],
)
async def test_a_question_that_makes_no_sense_is_refused(retell: AsyncRetell, body: dict[str, Any]) -> None:
    with pytest.raises(sdk.BadRequestError):
        await retell.post("/v3/list-calls", body=body, cast_to=httpx.Response)


async def test_items_come_without_transcripts(retell: AsyncRetell, three_calls: list[str]) -> None:
    item = next(item for item in (await retell.call.list()).items if item.call_id == three_calls[0])
    assert not {name for name in item.model_fields_set if "transcript" in name}
    assert (await retell.call.retrieve(item.call_id)).transcript


async def test_pages_follow_one_another_newest_first_while_new_calls_are_made(retell: AsyncRetell, dial: Dial) -> None:
    made = [(await dial(f"+1312555014{n}")).call_id for n in range(7)]
    first = await retell.call.list(limit=3, sort_order="descending")
    await dial("+13125550149")
    second = await retell.call.list(limit=3, pagination_key=first.pagination_key or "")
    third = await retell.call.list(limit=3, pagination_key=second.pagination_key or "", include_total=True)
    shown = [item.call_id for page in (first, second, third) for item in page.items]
    assert set(shown) == set(made)
    assert len(shown) == 7
    assert (first.has_more, third.has_more, third.total) == (True, False, 8)


async def test_a_call_that_still_rings_is_found_by_its_metadata(stage: Stage, retell: AsyncRetell, dial: Dial) -> None:
    stage.settings.apply({"ring_seconds": 60})
    await asyncio.gather(*(dial(f"+1312555014{n}", {"metadata": {"attempt_id": f"a{n}"}}) for n in range(3)))
    criteria: Criteria = {"metadata": [text("eq", "a1", key="attempt_id")]}
    found = await retell.call.list(filter_criteria=criteria)
    assert [item.call_status for item in found.items] == ["registered"]
