"""What carriers bear, by the provider's word.

Source: docs.retellai.com/deploy/outbound-call, as of November 2026.
"""

MOST_CALLS_PER_SECOND = {"twilio": 5.0, "telnyx": 16.0, "custom": 150.0}
"""What a workspace may be raised to; it begins with 1."""


def too_fast_for(carrier: str, calls_per_second: float) -> str | None:
    """Why a pool of this carrier can't begin so many calls a second; None when it can, or nobody knows."""
    most = MOST_CALLS_PER_SECOND.get(carrier)
    if most is None or calls_per_second <= most:
        return None
    return f"{calls_per_second:g} calls a second are more than the {most:g} that {carrier} numbers can be raised to"
