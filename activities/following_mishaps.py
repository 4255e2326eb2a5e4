"""What goes wrong while calls are followed: it is said and counted, and keeps nobody else's call from being followed.

``docs/operations/metrics.md`` says what the figure means.
"""

from collections.abc import Awaitable
from enum import StrEnum

import structlog
from prometheus_client import CollectorRegistry, Counter

log = structlog.get_logger(__name__)


class Followed(StrEnum):
    """What was broken off."""

    LOOK = "look"
    ACCOUNT = "account"
    CALL = "call"


class FollowingMishaps:
    """Counted in this process only."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._failures = Counter(
            "leadline_following_failures",
            "What could not be followed for an error that nobody foresaw, by what was broken off",
            ("what",),
            registry=registry,
        )
        for what in Followed:
            self._failures.labels(what)

    async def contain(self, what: Followed, following: Awaitable[int], **named: str) -> int:
        """How many events were news; none where it fails, whatever by, and then it is tried again in the next turn.

        Args:
            named: Whose it is, for the line in the log.
        """
        try:
            return await following
        except Exception as error:  # noqa: BLE001 - whatever it was, the others go on
            self._failures.labels(what).inc()
            log.warning("following_failed", what=what, error=type(error).__name__, **named)
            return 0
