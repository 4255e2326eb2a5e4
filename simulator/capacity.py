"""How many calls may be live, and how many may begin in a second."""

import time
from collections import deque

from simulator.settings import Settings


class Capacity:
    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._begun: deque[float] = deque()
        self.live = 0
        self.peak_live = 0

    def has_room(self) -> bool:
        """Whether one more outbound call may begin at this moment."""
        others = max(self._settings.reserved_inbound_concurrency, self._settings.live_elsewhere)
        return self.live < self._settings.concurrency_limit - others and self._rate_allows()

    def begin(self) -> None:
        self.live += 1
        self.peak_live = max(self.peak_live, self.live)
        self._begun.append(time.monotonic())

    def end(self) -> None:
        self.live -= 1

    def clear(self) -> None:
        self.live = 0
        self.peak_live = 0
        self._begun.clear()

    def _rate_allows(self) -> bool:
        rate = self._settings.calls_per_second
        whole = max(int(rate or 1), 1)
        window_seconds = whole / (rate or whole)
        horizon = time.monotonic() - window_seconds
        while self._begun and self._begun[0] <= horizon:
            self._begun.popleft()
        return rate is None or len(self._begun) < whole
