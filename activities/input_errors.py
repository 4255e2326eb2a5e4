"""What pydantic says of a value from outside, in sentences for whoever sent it; the value is never repeated."""

import re

from pydantic_core import ErrorDetails

LONGEST_FIELD = 100  # characters of a field's name: it comes from outside

# Such as "function-after[…]", "list[int]", "constrained-int": where a value may be of several types.
_OF_PYDANTIC = re.compile(r"[a-z-]+\[.*\]|constrained-[a-z]+", re.DOTALL)


def field_of(location: tuple[int | str, ...]) -> str:
    """The field's name, with the names of what it is in, and without those that pydantic has for its own checks."""
    steps = [str(step) for step in location if step not in ("body", "query", "path", "header")]
    steps = [step for step in steps if not _OF_PYDANTIC.fullmatch(step)]
    return ".".join(steps)[:LONGEST_FIELD] or "body"


def message_of(error: ErrorDetails) -> str:
    """What is wrong with it, and what to give instead."""
    match error["type"]:
        case "extra_forbidden":
            return "There is no such field; data of your own belong in a lead's `custom_fields`."
        case "json_invalid":
            return "This is not valid JSON."
        case "string_unicode":
            return "This text holds half a character (a lone surrogate) and can't be stored."
        case "model_attributes_type" | "dict_type" | "model_type":
            is_whole = field_of(error["loc"]) == "body"
            return "Give a JSON object, with Content-Type: application/json." if is_whole else "Give a JSON object."
        case "timezone_aware":
            return "Give the instant with its offset, such as 2026-11-23T09:00:00-05:00 or …Z."
        case _:
            return str(error["msg"]).removeprefix("Value error, ")
