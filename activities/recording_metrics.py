"""What becomes of recordings, for Prometheus; ``docs/operations/recordings.md`` says what each figure means."""

from enum import StrEnum

from prometheus_client import CollectorRegistry, Counter


class Became(StrEnum):
    KEPT = "kept"
    FAILED = "failed"
    """It is tried again."""
    GIVEN_UP = "given_up"
    STORE_AWAY = "store_away"
    """The store couldn't be written to; it is tried again, as often as it takes."""
    DELETED = "deleted"


class RecordingMetrics:
    """Counted in this process only."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._recordings = Counter(
            "leadline_recordings", "What became of recordings, by its kind", ("result",), registry=registry
        )
        self._bytes = Counter("leadline_recordings_kept_bytes", "Bytes of recordings kept", registry=registry)
        for result in Became:
            self._recordings.labels(result)

    def count(self, result: Became, number: int = 1, *, size_bytes: int = 0) -> None:
        self._recordings.labels(result).inc(number)
        self._bytes.inc(size_bytes)
