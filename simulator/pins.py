"""Scenarios that a test has fixed for a number: first call, second call, and so on."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from simulator.plans import Pin
from simulator.wire import JsonObject

EVERY_NUMBER = "*"


@dataclass(slots=True)
class _Pinned:
    calls: Sequence[Pin]
    made: dict[str, int] = field(default_factory=dict)

    def next_for(self, to_number: str) -> Pin:
        index = self.made.get(to_number, 0)
        self.made[to_number] = index + 1
        return self.calls[min(index, len(self.calls) - 1)]


class PinBoard:
    """Kept in memory only. The last scenario of a list repeats; ``*`` stands for every number without a list."""

    def __init__(self) -> None:
        self._pinned: dict[str, _Pinned] = {}

    def pin(self, to_number: str, calls: Sequence[Pin]) -> None:
        """Fix the calls to a number from now on; an empty list gives the number back to chance."""
        self._pinned.pop(to_number, None)
        if calls:
            self._pinned[to_number] = _Pinned(calls)

    def take(self, to_number: str) -> Pin | None:
        """What the next call to this number shall be; every taking counts as one call."""
        pinned = self._pinned.get(to_number) or self._pinned.get(EVERY_NUMBER)
        return pinned.next_for(to_number) if pinned else None

    def clear(self) -> None:
        self._pinned.clear()

    def to_json(self) -> JsonObject:
        return {
            number: {"calls": [p.model_dump(exclude_none=True) for p in pinned.calls], "made": pinned.made}
            for number, pinned in self._pinned.items()
        }
