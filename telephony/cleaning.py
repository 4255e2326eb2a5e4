"""Makes what came from outside safe to store.

PostgreSQL refuses NUL in text and JSONB, UTF-8 has no lone surrogates, and JSONB knows neither NaN nor infinity.
One such character in a transcript must not cost the whole report.
"""

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from pydantic_core import from_json

JsonValue = None | bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"]

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
# Written JSON without any of these decodes to nothing unsafe: NUL and surrogates by their escapes, what isn't finite,
# and, once every digit is written as 0, integers beyond 64 bits and exponents far from zero, up or down. Looking for
# them is ten times as fast as cleaning, and what is harmless (an escaped umlaut, a long number within a text) is merely
# cleaned in vain.
# Ids are full of digits with an e among them, and every webhook has some: what no number can follow isn't counted.
_SUSPICIOUS = (b"\\u", b"\x00", b"NaN", b"Infinity")
_SUSPICIOUS_NUMBERS = (b"0" * 19, b"0e000", b"0e-000")
_ALL_DIGITS_ALIKE = bytes.maketrans(b"123456789E", b"000000000e")  # and all exponents, whose plus is left out
_BEFORE_NUMBERS = frozenset({b"", *(bytes([character]) for character in b"[:, \t\r\n")})
_LONGEST_MANTISSA = 64  # characters; longer ones are taken for numbers, wherever they stand
_MOST_LOOKS = 64
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_DEEPEST = 64
_BIGGEST_INTEGER = 2**63 - 1
_MOST_BITS = 10_000  # Python itself refuses to write integers of more than 4,300 digits


def clean_text(text: str) -> str:
    """The text without NUL, lone surrogates replaced by U+FFFD."""
    if "\x00" in text:
        text = text.replace("\x00", "")
    return text if text.isascii() else _LONE_SURROGATE.sub("\ufffd", text)


def clean_json(value: object, *, depth: int = 0) -> JsonValue:
    """The value as PostgreSQL's JSONB takes it.

    What lies deeper than 64 levels and numbers that aren't finite become ``None``; integers beyond 64 bits become
    text, so that no digit is lost.
    """
    # Plain comparisons: a transcript has tens of thousands of values, and pattern matching takes twice as long.
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, int):
        return _clean_integer(value)
    if depth >= _DEEPEST:
        return None
    if isinstance(value, dict):
        return clean_object(value, depth=depth)
    if isinstance(value, list):
        return [clean_json(item, depth=depth + 1) for item in value]
    return None


def clean_object(value: Mapping[str, Any], *, depth: int = 0) -> dict[str, JsonValue]:
    """A JSON object as ``clean_json`` has it."""
    return {clean_text(str(key)): clean_json(item, depth=depth + 1) for key, item in value.items()}


def decode_json(body: bytes) -> JsonValue:
    """Decoded and cleaned JSON; raises as ``read_json`` does."""
    return read_json(body)[0]


def read_json(body: bytes) -> tuple[JsonValue, str]:
    """Decoded and cleaned JSON, and the text of it as PostgreSQL takes it: where nothing is to be cleaned, the body's.

    Raises:
        ValueError: not UTF-8, not JSON, a number too long to read, or nested too deeply to read.
    """
    try:
        text = body.decode("utf-8")
        decoded = _decoded(body, text)
        if _is_safe(body):
            return decoded, text
        cleaned = clean_json(decoded)
        return cleaned, json.dumps(cleaned)
    except RecursionError:
        msg = "nested too deeply"
        raise ValueError(msg) from None


def _decoded(body: bytes, text: str) -> JsonValue:
    """What the quicker reader doesn't take, half of a character that is written as two, the standard library may."""
    try:
        quickly: JsonValue = from_json(body, cache_strings="keys")
    except ValueError:
        slowly: JsonValue = json.loads(text)
        return slowly
    return quickly


def _is_safe(body: bytes) -> bool:
    """Whether ``clean_json`` would surely change nothing in what this body decodes to."""
    if any(part in body for part in _SUSPICIOUS):
        return False
    numbers = body.translate(_ALL_DIGITS_ALIKE, b"+")
    return not any(_may_be_in_a_number(part, numbers) for part in _SUSPICIOUS_NUMBERS) and _is_shallow(body)


def _may_be_in_a_number(part: bytes, numbers: bytes) -> bool:
    """Whether a number may hold this part; yes, too, where there is too much of it to look at each."""
    at = numbers.find(part)
    for _ in range(_MOST_LOOKS):
        if at < 0:
            return False
        before = numbers[max(0, at - _LONGEST_MANTISSA) : at].rstrip(b"0.").removesuffix(b"-")
        if before[-1:] in _BEFORE_NUMBERS:
            return True
        at = numbers.find(part, at + 1)
    return True


def _is_shallow(body: bytes) -> bool:
    """Whether nothing lies deeper than 64 levels; brackets within texts may make it say no where yes is true."""
    brackets = body.translate(None, _NO_BRACKETS)
    for _ in range(_DEEPEST):
        if not brackets:
            return True
        shorter = brackets.replace(b"[]", b"").replace(b"{}", b"")
        if len(shorter) == len(brackets):
            return False
        brackets = shorter
    return not brackets


def _clean_integer(value: int) -> JsonValue:
    if -_BIGGEST_INTEGER <= value <= _BIGGEST_INTEGER:
        return value
    return str(value) if value.bit_length() <= _MOST_BITS else None
