"""Whose figure of live calls holds: what the provider counts in an account beside what we count ourselves."""

LATE_WORD = 2
"""So many calls at least may have ended at the provider without our having heard of it yet."""

LATE_SHARE = 0.1
"""Where many calls are live, this share of them."""


def calls_elsewhere(current: int, ours: int) -> int:
    """Live calls of the account that we know nothing of: people who ring in, web calls, another system.

    Args:
        current: What the provider counts.
        ours: Those of them that we have placed, counted at the same moment.
    """
    return max(0, current - ours)


def outbound_cap(limit: int, reserved: int, elsewhere: int) -> int:
    """How many of our calls may be live at most; below 0 where others have more than the limit.

    People who ring in use up what is reserved for them first, so the greater of the two is taken off, not both.
    """
    return limit - max(reserved, elsewhere)


def is_overcounted(current: int, ours: int) -> bool:
    """Whether we take more calls for live than the provider has, beyond what the way of its word explains."""
    return ours > current + max(LATE_WORD, LATE_SHARE * current)
