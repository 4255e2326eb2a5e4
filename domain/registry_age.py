"""How old the copy of a do-not-call registry may be."""

from datetime import datetime, timedelta

REGISTRY_LIFE = timedelta(days=31)
"""Source: 16 CFR 310.4(b)(3)(iv): a version obtained no more than 31 days before the call."""


def is_too_old(refreshed_at: datetime, now: datetime) -> bool:
    """Whether a copy of this instant may no longer be relied on; exactly 31 days is still fine. Both are aware."""
    return now - refreshed_at > REGISTRY_LIFE
