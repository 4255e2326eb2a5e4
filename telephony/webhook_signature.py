"""Proves that a webhook comes from the provider and is fresh.

Header ``x-retell-signature: v=<unix milliseconds>,d=<64 lowercase hex digits>``, where the digest is HMAC-SHA256
under the API key over the raw body followed by the milliseconds in decimal.

Source: docs.retellai.com, secure webhook; retell-sdk 6.2.13, retell/lib/webhook_auth.py.
"""

import hmac
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

TOLERANCE = timedelta(minutes=5)
"""How far the time of sending may lie in the past or in the future."""

_LONGEST_HEADER = 128
_HEADER = re.compile(r"v=(\d{1,32}),d=([0-9a-f]{64})", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def verify_signature(body: bytes, header: str | None, keys: Sequence[str], *, now: datetime) -> bool:
    """Whether ``body`` was signed with one of ``keys`` within five minutes of ``now``.

    Nothing that comes from outside raises: what isn't right is ``False``. The signature doesn't bind the address and
    a copy verifies again for five minutes, so storing a webhook has to be safe to repeat.

    Args:
        body: The body as it came over the wire, not re-serialised.
        header: The ``x-retell-signature`` header, ``None`` when there was none.
        keys: The keys that may have signed, several while they are rotated. Empty ones never match.
        now: The current instant; timezone-aware.
    """
    match = _fresh(header, now)
    if match is None:
        return False
    message = body + str(int(match[1])).encode()
    given = match[2].encode()
    return any(hmac.compare_digest(_digest(key, message), given) for key in keys if key)


def sign(body: bytes, key: str, *, now: datetime) -> str:
    """The header with which the provider would send ``body`` at ``now``: to try whether one gets through."""
    sent_ms = str((now - _EPOCH) // _MILLISECOND)
    return f"v={sent_ms},d={_digest(key, body + sent_ms.encode()).decode()}"


def is_fresh(header: str | None, *, now: datetime) -> bool:
    """Whether this can be the signature of anything: without a key, and before any is looked for."""
    return _fresh(header, now) is not None


def _fresh(header: str | None, now: datetime) -> re.Match[str] | None:
    match = None if header is None or len(header) > _LONGEST_HEADER else _HEADER.fullmatch(header)
    if match is None:
        return None
    now_ms = (now - _EPOCH) // _MILLISECOND
    return match if abs(now_ms - int(match[1])) <= TOLERANCE // _MILLISECOND else None


def _digest(key: str, message: bytes) -> bytes:
    return hmac.digest(key.encode("utf-8", "surrogatepass"), message, "sha256").hex().encode()
