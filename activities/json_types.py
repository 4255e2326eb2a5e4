"""Numbers and truths as JSON has them. What pydantic would make of others (text, or true for one) is refused."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from pydantic_core import core_schema


def _number(value: object) -> object:
    """A whole number may be written with a fraction of nothing, as JSON Schema has it."""
    if isinstance(value, bool | str):
        raise ValueError("Give a number: no text, and not true or false.")
    return value


def _amount(value: object) -> object:
    """Written as text it keeps what a floating-point number may lose."""
    if isinstance(value, bool):
        raise ValueError("Give a number, and not true or false.")
    return value


def _truth(value: object) -> object:
    if not isinstance(value, bool):
        raise ValueError("Give true or false, and no text or number.")
    return value


_CHECKS: Mapping[str, Callable[[object], object]] = MappingProxyType(
    {"int": _number, "float": _number, "decimal": _amount, "bool": _truth}
)


def read_as_json(schema: Any) -> None:  # noqa: ANN401 - a part of a core schema may be anything
    """Have each number and truth within a core schema checked before pydantic reads it. In place; safe to repeat."""
    if isinstance(schema, list | tuple):
        for part in schema:
            read_as_json(part)
    if not isinstance(schema, dict):
        return
    kind = schema.get("type")
    check = _CHECKS.get(kind) if isinstance(kind, str) else None
    if check is not None:
        inner = dict(schema)
        schema.clear()
        schema.update(core_schema.no_info_before_validator_function(check, inner))
    elif not _is_checked(schema):
        for part in schema.values():
            read_as_json(part)


def _is_checked(schema: Mapping[str, Any]) -> bool:
    """Pydantic makes a model's schema once, and hands it out again for each that has the model in it."""
    return schema.get("type") == "function-before" and schema["function"]["function"] in _CHECKS.values()
