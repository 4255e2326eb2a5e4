"""One condition of a list filter: ``{"op": "eq", "type": "string", "value": "x"}`` and its kin."""

import operator
from collections.abc import Callable

from simulator.wire import ApiError, JsonObject


def _between(value: float, bounds: list[float]) -> bool:
    return bounds[0] <= value <= bounds[1]


_TESTS: dict[tuple[str, str], Callable[..., bool]] = {
    ("string", "eq"): operator.eq,
    ("string", "ne"): operator.ne,
    ("string", "sw"): str.startswith,
    ("string", "ew"): str.endswith,
    ("string", "co"): operator.contains,
    ("number", "eq"): operator.eq,
    ("number", "ne"): operator.ne,
    ("number", "gt"): operator.gt,
    ("number", "ge"): operator.ge,
    ("number", "lt"): operator.lt,
    ("number", "le"): operator.le,
    ("range", "bt"): _between,
    ("enum", "in"): lambda value, choices: value in choices,
    ("boolean", "eq"): operator.eq,
}

_KINDS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "number": (int, float),
    "range": (int, float),
    "enum": (str,),
    "boolean": (bool,),
}

_OPERANDS: dict[str, tuple[type, ...]] = {**_KINDS, "range": (list,), "enum": (list,)}


def check(condition: object) -> JsonObject:
    """Raises ApiError 400: this is no condition that Retell knows."""
    if not isinstance(condition, dict):
        raise ApiError(400)
    kind, op = str(condition.get("type")), str(condition.get("op"))
    if kind == "present" and op in {"pr", "np"}:
        return condition
    if (kind, op) not in _TESTS or not isinstance(condition.get("value"), _OPERANDS[kind]):
        raise ApiError(400, f"Invalid filter: type {kind}, op {op}.")
    bounds = condition["value"] if kind == "range" else [0, 0]
    if len(bounds) != 2 or not all(isinstance(bound, int | float) for bound in bounds):
        raise ApiError(400, "Invalid filter: a range has two numbers.")
    return condition


def holds(condition: JsonObject, value: object) -> bool:
    """Whether a checked condition is true of this value; a missing value fits only ``np`` and ``ne``."""
    kind, op = condition["type"], condition["op"]
    if kind == "present":
        return bool((value is not None) == (op == "pr"))
    kinds: tuple[type, ...] = _KINDS[kind]
    if not isinstance(value, kinds):
        return bool(op == "ne")
    fits: bool = _TESTS[kind, op](value, condition["value"])
    return fits
