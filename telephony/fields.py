"""Reads single fields out of data from outside: the value if it is plausible, else ``None``; never an exception."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from telephony.cleaning import clean_text

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_LATEST = datetime(2100, 1, 1, tzinfo=UTC)
_LONGEST_NUMERAL = 20
_BIGGEST_COST_CENTS = Decimal(10_000_000)
_FINEST_CENTS = 12
"""Digits behind the point. What begins beyond them is nothing, and written down it might have more than a row takes."""


def text(value: object, *, longest: int | None = None) -> str | None:
    """A non-empty string without characters that can't be stored; longer than ``longest`` characters is implausible."""
    if not isinstance(value, str) or (longest is not None and len(value) > longest):
        return None
    return clean_text(value) or None


def whole(value: object, *, lowest: int = 0, highest: int = 2**31 - 1) -> int | None:
    """An integer within the bounds, also written as a decimal string or as a float without a fraction."""
    number = _number(value)
    return number if number is not None and lowest <= number <= highest else None


def instant(value: object) -> datetime | None:
    """The UTC instant of milliseconds since the epoch, between the years 2000 and 2100."""
    milliseconds = whole(value, highest=10**14)
    if milliseconds is None:
        return None
    moment = _EPOCH + timedelta(milliseconds=milliseconds)
    return moment if _EARLIEST <= moment < _LATEST else None


def cents(value: object) -> Decimal | None:
    """An amount in cents, fractions of a cent allowed, from zero to 100,000 dollars."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if (isinstance(value, str) and len(value) > _LONGEST_NUMERAL) or (isinstance(value, int) and value >= 10**12):
        return None
    try:
        amount = Decimal(value) if isinstance(value, int) else Decimal(str(value))
    except InvalidOperation:
        return None
    if not (amount.is_finite() and 0 <= amount <= _BIGGEST_COST_CENTS):
        return None
    return amount if amount.adjusted() >= -_FINEST_CENTS else Decimal(0)


def web_address(value: object) -> str | None:
    """An http(s) address, since people will click on it."""
    address = text(value, longest=8_192)
    return address if address and address.lower().startswith(("https://", "http://")) else None


def uuid(value: object) -> UUID | None:
    """A UUID in its usual writing."""
    if not isinstance(value, str):
        return None
    try:
        return UUID(value)
    except ValueError:
        return None


def flag(value: object) -> bool | None:
    """A boolean and nothing that merely looks like one."""
    return value if isinstance(value, bool) else None


def mapping(value: object) -> Mapping[str, Any] | None:
    """A JSON object."""
    return value if isinstance(value, Mapping) else None


def _number(value: object) -> int | None:
    match value:
        case bool():
            return None
        case int():
            return value
        case float() if math.isfinite(value) and value.is_integer():
            return int(value)
        case str() if value.isascii() and value.isdigit() and len(value) <= _LONGEST_NUMERAL:
            return int(value)
        case _:
            return None
