"""The signature of a webhook, written from Retell's description and not taken from its SDK."""

import hashlib
import hmac


def signature(raw_body: str, api_key: str, sent_ms: int) -> str:
    """The value of ``x-retell-signature``: HMAC-SHA256 over the raw body followed by the instant in decimal.

    ``sent_ms``: milliseconds since 1970; receivers refuse more than five minutes either way.
    Source: docs.retellai.com, secure-webhook.
    """
    digest = hmac.new(api_key.encode(), f"{raw_body}{sent_ms}".encode(), hashlib.sha256)
    return f"v={sent_ms},d={digest.hexdigest()}"
