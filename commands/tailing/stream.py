"""The live stream of the API, taken up again after each break where it was left."""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import Any

import httpx
from httpx_sse import EventSource, SSEError, aconnect_sse

from commands.api_errors import ApiAway, not_ours, refusal

Json = dict[str, Any]

PATH = "/api/v1/calls/live"
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0

# A comment comes every 15 seconds, so whoever hears nothing for 45 has lost the connection (docs/guides/live.md).
TIMEOUT = httpx.Timeout(10.0, read=45.0)

NEWS = None
"""Stands between what was told to begin with and what changes from then on."""


class LiveStream:
    """``lost`` is told why there is no connection, and in how many seconds it is tried again."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        wanted: Mapping[str, str],
        lost: Callable[[str, float], None],
        wait: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._http = http
        self._wanted = wanted
        self._lost = lost
        self._wait = wait
        self._last_id = ""
        self._pause = FIRST_PAUSE_SECONDS

    async def events(self) -> AsyncGenerator[Json | None]:
        """Every event, and ``NEWS`` once all that goes on, or was missed, is told. Goes on for ever.

        Raises:
            ApiRefused: who listens isn't let in any more, or asks for what there isn't; again would help nothing.
        """
        while True:
            why = "the API ended the stream"
            try:
                async with aclosing(self._until_it_breaks()) as events:
                    async for event in events:
                        yield event
            except httpx.HTTPError as error:
                why = f"the API doesn't answer ({type(error).__name__})"
            except ApiAway as error:
                why = str(error)
            self._lost(why, self._pause)
            await self._wait(self._pause)
            self._pause = min(2 * self._pause, LONGEST_PAUSE_SECONDS)

    async def _until_it_breaks(self) -> AsyncGenerator[Json | None]:
        headers = {"Last-Event-ID": self._last_id} if self._last_id else {}
        async with aconnect_sse(self._http, "GET", PATH, params=dict(self._wanted), headers=headers) as source:
            if source.response.is_error:
                await source.response.aread()
                raise refusal(source.response)
            async with aclosing(self._told(source)) as events:
                async for event in events:
                    yield event

    async def _told(self, source: EventSource) -> AsyncGenerator[Json | None]:
        is_news = False
        try:
            async for told in source.aiter_sse():
                self._last_id = told.id or self._last_id
                if told.data:
                    yield json.loads(told.data)
                elif told.id and not is_news:
                    # Only now is it worth another try at once: a stream that breaks before would break again.
                    is_news, self._pause = True, FIRST_PAUSE_SECONDS
                    yield NEWS
        except (SSEError, ValueError):
            raise not_ours(source.response) from None
