"""The filters of list-calls: which calls fit."""

from collections.abc import Callable, Iterable

from simulator.call import Call
from simulator.callbook import CallBook
from simulator.conditions import check, holds
from simulator.costs import cost_of, latency_of
from simulator.payloads import Stage, analysis, stage_of
from simulator.story import ToolUse
from simulator.storytelling import tell
from simulator.wire import ApiError, JsonObject

_STATUSES = frozenset({"not_connected", "ongoing", "ended", "error"})

Test = Callable[[Call], bool]


def _analysis(call: Call) -> JsonObject:
    return analysis(tell(call)) if stage_of(call) is Stage.ANALYZED else {}


def _when_ended(value: Callable[[Call], object]) -> Callable[[Call], object]:
    return lambda call: value(call) if call.end_ms is not None else None


def _start(call: Call) -> int | None:
    return call.start_ms or (call.accepted_ms if call.end_ms is not None else None)


_VALUES: dict[str, Callable[[Call], object]] = {
    "agent_tag": lambda _: None,
    "batch_call_id": lambda _: None,
    "call_id": lambda call: call.call_id,
    "call_status": lambda call: call.status,
    "call_successful": lambda call: _analysis(call).get("call_successful"),
    "call_type": lambda _: "phone_call",
    "combined_cost": _when_ended(lambda call: cost_of(call)["combined_cost"]),
    "data_storage_setting": lambda call: call.terms.get("data_storage_setting") or "everything",
    "direction": lambda call: call.direction,
    "disconnection_reason": lambda call: call.reason,
    "duration_ms": _when_ended(lambda call: call.duration_ms),
    "e2e_latency_p50": _when_ended(lambda call: latency_of(call, 1)["e2e"]["p50"] if call.connected else None),
    "end_timestamp": lambda call: call.end_ms,
    "from_number": lambda call: call.from_number,
    "in_voicemail": lambda call: _analysis(call).get("in_voicemail"),
    "start_timestamp": _start,
    "to_number": lambda call: call.to_number,
    "user_sentiment": lambda call: _analysis(call).get("user_sentiment"),
}

_KEYED: dict[str, Callable[[Call], JsonObject]] = {
    "metadata": lambda call: call.metadata or {},
    "dynamic_variables": lambda call: call.dynamic_variables or {},
    "custom_analysis_data": lambda call: _analysis(call).get("custom_analysis_data", {}),
    "custom_attributes": lambda call: call.custom_attributes,
}


def select(book: CallBook, criteria: JsonObject) -> list[Call]:
    """The calls that fit every condition, in the order of acceptance.

    Raises:
        ApiError: 400, a key or a condition that Retell doesn't know; ``registered`` can't be asked for.
    """
    tests = [test for key, wanted in criteria.items() for test in _tests(key, wanted)]
    return [call for call in _candidates(book, criteria) if not call.deleted and all(test(call) for test in tests)]


def _candidates(book: CallBook, criteria: JsonObject) -> Iterable[Call]:
    """A look-up by metadata is what everybody does after a lost answer; it must not read every call."""
    for condition in criteria.get("metadata", ()):
        if condition["type"] == "string" and condition["op"] == "eq":
            found = book.with_metadata(condition["key"], condition["value"])
            return {call.call_id: call for call in found}.values()
    return book.everything()


def _tests(key: str, wanted: object) -> list[Test]:
    if key in _VALUES:
        return [_plain(key, check(wanted))]
    if not isinstance(wanted, list):
        raise ApiError(400, f"Invalid filter: {key}.")
    if key in _KEYED:
        return [_keyed(key, check(condition)) for condition in wanted]
    if key == "agent":
        return [_agents(wanted)]
    if key == "tool_calls":
        return [_tool(condition) for condition in wanted]
    raise ApiError(400, f"Invalid filter: {key}.")


def _plain(key: str, condition: JsonObject) -> Test:
    if key == "call_status" and not _STATUSES.issuperset(condition.get("value", ())):
        raise ApiError(400, "Invalid filter: call_status.")
    value = _VALUES[key]
    return lambda call: holds(condition, value(call))


def _keyed(key: str, condition: JsonObject) -> Test:
    if not isinstance(condition.get("key"), str):
        raise ApiError(400, f"Invalid filter: {key} needs a key.")
    values = _KEYED[key]
    return lambda call: holds(condition, values(call).get(condition["key"]))


def _agents(wanted: list[JsonObject]) -> Test:
    def fits(call: Call, agent: JsonObject) -> bool:
        versions = agent.get("version")
        return call.agent_id == agent.get("agent_id") and (not versions or call.agent_version in versions)

    return lambda call: any(fits(call, agent) for agent in wanted)


def _tool(wanted: JsonObject) -> Test:
    """Tools are found by name; their latency is not simulated."""
    return lambda call: any(line.name == wanted.get("name") for line in tell(call).lines if isinstance(line, ToolUse))
