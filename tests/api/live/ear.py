"""A listener of server-sent events, written after the HTML standard and not after our own code."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from tests.patience import PATIENCE_SECONDS


@dataclass(frozen=True)
class Block:
    """What stands between two empty lines."""

    data: dict[str, Any] | None
    comment: str | None


class Ear:
    """``last_event_id``: what a browser would send when it connects again."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.last_event_id = ""
        self.retry_ms: int | None = None
        self._parts = response.aiter_bytes()
        self._buffer = b""

    async def block(self) -> Block | None:
        """The next one; None when the stream has ended."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while b"\n\n" not in self._buffer:
                part = await anext(self._parts, None)
                if part is None:
                    return None
                self._buffer += part
        written, _, self._buffer = self._buffer.partition(b"\n\n")
        return self._read(written.decode())

    async def event(self, *types: str) -> dict[str, Any]:
        """The next event of one of these types, or of any; comments and other events are passed over."""
        while True:
            block = await self.block()
            assert block is not None, "the stream has ended"
            if block.data is not None and (not types or block.data["type"] in types):
                return block.data

    async def comment(self) -> str:
        """The next comment; events before it are passed over."""
        while True:
            block = await self.block()
            assert block is not None, "the stream has ended"
            if block.comment is not None:
                return block.comment

    async def shown(self) -> list[dict[str, Any]]:
        """Everything up to the comment from which on changes come."""
        events: list[dict[str, Any]] = []
        while True:
            block = await self.block()
            assert block is not None, "the stream has ended"
            if block.comment is not None:
                return events
            assert block.data is not None
            events.append(block.data)

    async def rest(self) -> list[dict[str, Any]]:
        """All events until the stream ends."""
        events: list[dict[str, Any]] = []
        while (block := await self.block()) is not None:
            if block.data is not None:
                events.append(block.data)
        return events

    def _read(self, written: str) -> Block:
        data, comments = [], []
        for line in written.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            match name:
                case "data":
                    data.append(value)
                case "":
                    comments.append(value)
                case "id":
                    self.last_event_id = value
                case "retry":
                    self.retry_ms = int(value)
        return Block(json.loads("\n".join(data)) if data else None, "\n".join(comments) if comments else None)


@contextlib.asynccontextmanager
async def listen(client: httpx.AsyncClient, resume_from: str | None = None, **params: str) -> AsyncIterator[Ear]:
    """Open a stream; the answer has to be one."""
    headers: Mapping[str, str] = {} if resume_from is None else {"Last-Event-ID": resume_from}
    async with client.stream("GET", "/api/v1/calls/live", headers=headers, params=params, timeout=None) as response:
        assert response.status_code == 200, await response.aread()
        yield Ear(response)
