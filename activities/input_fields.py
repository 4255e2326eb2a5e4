"""Types of fields that come from outside: what gets past them can be stored."""

import json
import math
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
)
from pydantic_core import CoreSchema
from typing_extensions import override

from activities.json_types import read_as_json
from domain.phone_numbers import LONGEST_WRITING, to_e164

MOST_JSON_BYTES = 64 * 1024
DEEPEST_JSON = 32
LONGEST_TEXT = 200
EARLIEST_YEAR, LATEST_YEAR = 2000, 2100

_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


class Input(BaseModel):
    """A body: what it doesn't name is refused, so that a misspelt field is no silent loss.

    Numbers and truths are such as JSON has them. Pydantic would take "yes" for true, and true for one.
    """

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, hide_input_in_errors=True)

    @classmethod
    @override
    def __get_pydantic_core_schema__(cls, source: type[BaseModel], handler: GetCoreSchemaHandler) -> CoreSchema:
        schema = handler(source)
        read_as_json(handler.resolve_ref_schema(schema))
        return schema


def storable_text(value: str) -> str:
    """PostgreSQL takes no NUL, and UTF-8 no half characters."""
    if "\x00" in value:
        raise ValueError("This text holds a NUL character (U+0000) and can't be stored; remove it.")
    if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
        raise ValueError("This text holds half a character (a lone surrogate) and can't be stored.")
    return value


def _absent_if_blank(value: str | None) -> str | None:
    return value or None


def storable_object(value: dict[str, Any]) -> dict[str, Any]:
    """An object that JSONB takes: at most 64 KiB, 32 levels, no NUL in any text or key, numbers finite."""
    _check_json(value)
    size = len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())
    if size > MOST_JSON_BYTES:
        raise ValueError(f"This object has {size} bytes as JSON; {MOST_JSON_BYTES} are the most.")
    return value


def _check_json(value: object) -> None:
    level: list[object] = [value]
    for _ in range(DEEPEST_JSON):
        for item in level:
            _check_scalar(item)
        level = [inner for item in level for inner in _inside(item)]
        if not level:
            return
    raise ValueError(f"This object is nested too deeply; {DEEPEST_JSON} levels are the most.")


def _check_scalar(item: object) -> None:
    if isinstance(item, str):
        storable_text(item)
    elif isinstance(item, float) and not math.isfinite(item):
        raise ValueError("NaN and infinite numbers are no JSON.")


def _inside(item: object) -> Iterable[object]:
    if isinstance(item, dict):
        return [*item.keys(), *item.values()]
    return item if isinstance(item, list) else ()


def _written(value: object) -> object:
    """Pydantic would read a number, and digits alone, as seconds since 1970."""
    if isinstance(value, datetime) or (isinstance(value, str) and _ISO_DATE.match(value.strip())):
        return value
    raise ValueError("Give an instant as ISO 8601 writes it, such as 2026-11-23T09:00:00-05:00 or …Z.")


def _utc(value: datetime) -> datetime:
    if not EARLIEST_YEAR < value.year < LATEST_YEAR:
        raise ValueError(f"Give an instant between {EARLIEST_YEAR} and {LATEST_YEAR}.")
    return value.astimezone(UTC)


def _past(value: datetime) -> datetime:
    if value > datetime.now(UTC):
        raise ValueError("This instant lies in the future; give one at which it has happened.")
    return value


Text = Annotated[str, AfterValidator(storable_text), Field(min_length=1, max_length=LONGEST_TEXT)]
OptionalText = Annotated[
    Annotated[str, AfterValidator(storable_text), Field(max_length=LONGEST_TEXT)] | None,
    AfterValidator(_absent_if_blank),
]
LongText = Annotated[
    Annotated[str, AfterValidator(storable_text), Field(max_length=5_000)] | None, AfterValidator(_absent_if_blank)
]
PhoneNumber = Annotated[str, Field(max_length=LONGEST_WRITING), AfterValidator(to_e164)]
JsonObject = Annotated[dict[str, Any], AfterValidator(storable_object)]
Instant = Annotated[AwareDatetime, AfterValidator(_utc), BeforeValidator(_written)]
PastInstant = Annotated[Instant, AfterValidator(_past)]
