"""Signs what is sent to others, by the Standard Webhooks specification.

``webhook-signature`` holds one signature for each secret, with a space between: ``v1,`` and the base64 of HMAC-SHA256
over ``<webhook-id>.<webhook-timestamp>.<body>``. A secret is written as ``whsec_`` and the base64 of its bytes.

Source: github.com/standard-webhooks, spec/standard-webhooks.md, 1.0.0, "Signature scheme".
"""

import base64
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

SECRET_PREFIX = "whsec_"  # noqa: S105 - what each begins with
SECRET_BYTES = 32
"""The specification wants 24 to 64."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def written_secret(random_bytes: bytes) -> str:
    return SECRET_PREFIX + base64.b64encode(random_bytes).decode("ascii")


def message_id(delivery_id: UUID) -> str:
    """``webhook-id``: the same for every try of a delivery, so that a receiver can drop what it has had."""
    return f"msg_{delivery_id.hex}"


def signed_headers(delivery_id: UUID, body: bytes, secrets: Sequence[str], *, now: datetime) -> Mapping[str, str]:
    """The three headers with which ``body`` is sent.

    Args:
        delivery_id: What ``webhook-id`` is made of.
        body: As it goes over the wire.
        secrets: Written as ``written_secret`` does, the newest first; at least one.
        now: The instant of this try; timezone-aware.

    Raises:
        ValueError: a secret isn't base64.
    """
    named, sent = message_id(delivery_id), str((now - _EPOCH) // timedelta(seconds=1))
    signed = f"{named}.{sent}.".encode() + body
    signatures = " ".join(f"v1,{_signature(secret, signed)}" for secret in secrets)
    return {"webhook-id": named, "webhook-timestamp": sent, "webhook-signature": signatures}


def _signature(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    return base64.b64encode(hmac.digest(key, signed, "sha256")).decode("ascii")
