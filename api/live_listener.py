"""One connection that listens: what waits to be sent to it, and until when it may listen."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from api.identification import Credential
from api.live_telling import Telling
from storage.live_calls import Interest
from storage.live_cursor import LiveCursor

MOST_WAITING = 256
"""Parcels: ten seconds' worth when as much happens as can be told."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """What one turn has for a listener; without tellings only a sign of life. ``cursor``: where to resume after it."""

    turn: int
    cursor: LiveCursor
    tellings: Sequence[Telling] = ()


class Listener:
    """Whoever doesn't take what waits for it is dropped: nobody else waits for it, and it may resume."""

    def __init__(self, interest: Interest, credential: Credential) -> None:
        self.interest = interest
        self.credential = credential
        self.is_over = False
        self._parcels: deque[Parcel] = deque()
        self._news = asyncio.Event()

    def offer(self, parcel: Parcel) -> bool:
        """Have it sent when its turn comes; False when there is no room, which is the end."""
        if len(self._parcels) >= MOST_WAITING:
            self.end()
            return False
        self._parcels.append(parcel)
        self._news.set()
        return True

    def end(self) -> None:
        """Nothing more is sent, also not what waits: whoever resumes gets it."""
        self.is_over = True
        self._parcels.clear()
        self._news.set()

    def may_listen(self, now: datetime) -> bool:
        return self.credential.expires_at is None or now < self.credential.expires_at

    def __aiter__(self) -> AsyncIterator[Parcel]:
        return self

    async def __anext__(self) -> Parcel:
        while not self._parcels:
            if self.is_over:
                raise StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        return self._parcels.popleft()
