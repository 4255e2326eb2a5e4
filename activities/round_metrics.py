"""What the rounds of the reconciliation found, for Prometheus; ``docs/operations/metrics.md`` says what each means."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

SECONDS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0)


class RoundMetrics:
    """Counted in this process only: which worker a round runs in is the engine's choice."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._found = Counter(
            "leadline_reconciliation_findings",
            "What the reconciliation found and saw to, by its kind",
            ("finding",),
            registry=registry,
        )
        self._rounds = Counter(
            "leadline_reconciliation_rounds",
            "Rounds of the reconciliation, by whether they came to their end",
            ("result",),
            registry=registry,
        )
        self._seconds = Histogram(
            "leadline_reconciliation_seconds",
            "How long the rounds of the reconciliation took",
            buckets=SECONDS,
            registry=registry,
        )
        self._succeeded_at = Gauge(
            "leadline_reconciliation_last_success_timestamp_seconds",
            "When the last round of this process came to its end; 0 before the first",
            registry=registry,
        )
        for result in ("done", "failed"):
            self._rounds.labels(result)

    def count(self, findings: Mapping[str, int]) -> None:
        """Add what one round found; kinds that were not found are there from the first time on."""
        for finding, count in findings.items():
            self._found.labels(finding).inc(count)

    @contextmanager
    def round(self) -> Iterator[None]:
        """Measure a round; whatever it raises goes on."""
        began = time.monotonic()
        try:
            yield
        except BaseException:
            self._rounds.labels("failed").inc()
            raise
        else:
            self._rounds.labels("done").inc()
            self._succeeded_at.set_to_current_time()
        finally:
            self._seconds.observe(time.monotonic() - began)
