"""HTTP as lean as it gets: the one who measures shall take little of the processor from those who are measured."""

import asyncio
import time
from dataclasses import dataclass
from typing import Self

from typing_extensions import override

HEAD_ENDS = b"\r\n\r\n"
LENGTH = b"content-length:"
PATIENCE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    """``at``: by ``time.perf_counter``, when its last byte was here."""

    status: int
    at: float


class Connection(asyncio.Protocol):
    """Kept alive: one request, its answer, the next request."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[Answer] | None = None
        self._received = b""

    @classmethod
    async def to(cls, host: str, port: int) -> Self:
        """Connect.

        Raises:
            OSError: Nobody listens there.
        """
        _, connection = await asyncio.get_running_loop().create_connection(cls, host, port)
        return connection

    async def ask(self, request: bytes) -> Answer:
        """Send a whole request and wait for its answer.

        Raises:
            ConnectionError: The other side hung up.
            TimeoutError: There was no answer within a minute.
        """
        if self._transport is None or self._transport.is_closing():
            raise ConnectionResetError("The server closed the connection.")
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self._answer

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            self._transport = transport

    @override
    def data_received(self, data: bytes) -> None:
        self._received += data
        head, ends, body = self._received.partition(HEAD_ENDS)
        if ends and len(body) >= _body_bytes(head) and self._answer is not None and not self._answer.done():
            self._received = b""
            self._answer.set_result(Answer(int(head[9:12]), time.perf_counter()))

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionResetError("The server closed the connection."))


def _body_bytes(head: bytes) -> int:
    """How long the body is that follows a head: what has no length here is 204 and has no body."""
    for line in head.lower().split(b"\r\n"):
        if line.startswith(LENGTH):
            return int(line[len(LENGTH) :])
    return 0
