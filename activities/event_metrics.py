"""What becomes of events for other systems, for Prometheus; ``docs/operations/metrics.md`` says what each means."""

from enum import StrEnum

from prometheus_client import CollectorRegistry, Counter

from domain.events import DisabledReason


class Became(StrEnum):
    DELIVERED = "delivered"
    FAILED = "failed"
    """This try; it is tried again, unless it was the last one."""
    OVER = "over"
    """Nobody wants it any more: it was delivered, sent anew, or its subscription is disabled or deleted."""
    BUSY = "busy"
    """As many tries as may be go on at this address; nothing was sent."""


class EventMetrics:
    """Counted in this process only."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._tries = Counter(
            "leadline_event_tries", "Tries to deliver events, by what came of them", ("result",), registry=registry
        )
        self._disabled = Counter(
            "leadline_event_subscriptions_disabled",
            "Subscriptions that were disabled since nothing came through",
            ("reason",),
            registry=registry,
        )
        for result in (Became.DELIVERED, Became.FAILED):
            self._tries.labels(result)
        for reason in DisabledReason:
            self._disabled.labels(reason)

    def count(self, result: Became) -> None:
        self._tries.labels(result).inc()

    def count_disabled(self, reason: str) -> None:
        self._disabled.labels(reason).inc()
