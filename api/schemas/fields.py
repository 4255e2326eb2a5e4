"""Types of fields that come from outside: those of leads, which files bring too, and those of the API alone."""

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, Field

from activities.input_fields import (
    Input,
    Instant,
    JsonObject,
    LongText,
    OptionalText,
    PastInstant,
    PhoneNumber,
    Text,
    storable_object,
    storable_text,
)

__all__ = [
    "CallsPerSecond",
    "Input",
    "Instant",
    "JsonObject",
    "LongText",
    "MaxLiveCalls",
    "NotNull",
    "OptionalText",
    "PastInstant",
    "PhoneNumber",
    "Text",
    "fields_of",
    "storable_object",
    "storable_text",
]

Value = TypeVar("Value")


def _kept(value: Value | None) -> Value | None:
    if value is None:
        raise ValueError("This can't be cleared; leave it out to keep it as it is.")
    return value


MaxLiveCalls = Annotated[int, Field(ge=1, le=100_000)]
CallsPerSecond = Annotated[float, Field(ge=0.001, le=1_000, allow_inf_nan=False)]

NotNull = AfterValidator(_kept)
"""For a field of a change whose default of None means that it wasn't named: a null that was given is refused."""


def fields_of(whole: type[BaseModel]) -> Callable[[dict[str, Any]], None]:
    """For the document: a change takes each field as the whole does, and none has a default."""

    def extend(schema: dict[str, Any]) -> None:
        fields = whole.model_json_schema(ref_template="#/components/schemas/{model}")["properties"]
        schema["properties"] |= {
            name: {key: value for key, value in field.items() if key != "default"} for name, field in fields.items()
        }

    return extend
