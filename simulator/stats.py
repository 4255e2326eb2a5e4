"""Counters for whoever watches."""

from collections import Counter

from simulator.wire import JsonObject


class Stats:
    def __init__(self) -> None:
        self.requests: Counter[str] = Counter()
        self.webhooks: Counter[str] = Counter()
        self.calls: Counter[str] = Counter()
        self.scenarios: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()

    def clear(self) -> None:
        for counter in vars(self).values():
            counter.clear()

    def to_json(self) -> JsonObject:
        return {name: dict(counter) for name, counter in vars(self).items()}
