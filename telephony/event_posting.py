"""Sends an event to the address that somebody subscribed with, which is trusted in nothing."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import httpx

from telephony.outside_http import OutsideHttp

LONGEST = timedelta(seconds=15)
"""From the first step to the last byte that is read."""

KEPT_BYTES = 1_024


@dataclass(frozen=True, slots=True)
class Posted:
    """``response``: the beginning of what was answered, as text."""

    status_code: int
    response: str


class EventPosting:
    def __init__(self, outside: OutsideHttp, *, longest: timedelta = LONGEST) -> None:
        self._outside = outside
        self._longest_seconds = longest.total_seconds()

    async def post(
        self, url: str, body: bytes, headers: Mapping[str, str], *, trusted_origin: str | None = None
    ) -> Posted:
        """What was answered, whatever that is; redirects aren't followed, and no more is read than is kept.

        Raises:
            telephony.outside_http.OutsideError: nobody answered, or nobody may be asked there.
        """
        deadline = time.monotonic() + self._longest_seconds
        response = await self._outside.send(
            "POST", url, deadline=deadline, trusted_origin=trusted_origin, headers=headers, content=body
        )
        try:
            beginning = await _beginning(response, deadline)
        finally:
            await response.aclose()
        return Posted(response.status_code, _text(beginning))


async def _beginning(response: httpx.Response, deadline: float) -> bytes:
    """What comes of the body in time; an answer that breaks off was given all the same."""
    beginning = b""
    try:
        async with asyncio.timeout(deadline - time.monotonic()):
            async for piece in response.aiter_raw():
                beginning += piece[: KEPT_BYTES - len(beginning)]
                if len(beginning) >= KEPT_BYTES:
                    break
    except (httpx.HTTPError, TimeoutError):
        pass
    return beginning


def _text(beginning: bytes) -> str:
    """Whatever it is, as text that can be stored."""
    return beginning.decode("utf-8", "replace").replace("\x00", "\N{REPLACEMENT CHARACTER}")
