"""Sends what it is told to, evenly or as fast as it goes, and notes when the answers come."""

import asyncio
import hmac
import time
from collections import Counter
from collections.abc import Sequence

from benchmarks.connection import Connection
from benchmarks.together import together
from benchmarks.webhook.order import Order, Sent

# Everything is ready before the first instant, which is so far ahead.
HEAD_START_SECONDS = 0.2


class Sending:
    """Signs each body at its sending, as the provider does. Source: docs.retellai.com, secure-webhook.

    ``sent_at``: of each body the instant, by ``time.time``.
    """

    def __init__(self, order: Order, bodies: Sequence[bytes]) -> None:
        self._order = order
        self._key = order.key.encode()
        self._requests = [(_head(order, body), body) for body in bodies]
        self.sent_at = [0.0] * len(bodies)
        self._body_bytes = sum(map(len, bodies))
        # In turn: a server closes connections that are left idle for some seconds.
        self._free: asyncio.Queue[Connection] = asyncio.Queue()
        self._statuses: Counter[str] = Counter()
        self._latencies: list[float] = []
        self._lags: list[float] = []
        self._last = 0.0

    async def send_all(self) -> Sent:
        """Send each body once.

        Raises:
            OSError: Nobody listens, hangs up, or answers within a minute.
        """
        target = self._order.target
        connections = [await Connection.to(target.host, target.port) for _ in range(self._order.connections)]
        began, cpu = time.perf_counter() + HEAD_START_SECONDS, time.process_time()
        try:
            await (self._evenly(connections, began) if self._order.per_second else self._in_a_rush(connections, began))
        finally:
            for connection in connections:
                connection.close()
        return Sent(
            statuses=dict(self._statuses),
            latencies=self._latencies,
            lags=self._lags,
            seconds=self._last - began,
            cpu_seconds=time.process_time() - cpu,
            body_bytes=self._body_bytes,
        )

    async def _evenly(self, connections: Sequence[Connection], began: float) -> None:
        for connection in connections:
            self._free.put_nowait(connection)
        apart = 1 / (self._order.per_second or 1)
        await together(self._at(began + place * apart, place) for place in range(len(self._requests)))

    async def _at(self, instant: float, place: int) -> None:
        await asyncio.sleep(instant - time.perf_counter())
        self._lags.append(time.perf_counter() - instant)
        connection = await self._free.get()
        await self._send(connection, place, instant)
        self._free.put_nowait(connection)

    async def _in_a_rush(self, connections: Sequence[Connection], began: float) -> None:
        await asyncio.sleep(began - time.perf_counter())
        places = iter(range(len(self._requests)))

        async def one_after_the_other(connection: Connection) -> None:
            for place in places:
                await self._send(connection, place, time.perf_counter())

        await together(map(one_after_the_other, connections))

    async def _send(self, connection: Connection, place: int, meant: float) -> None:
        head, body = self._requests[place]
        self.sent_at[place] = time.time()
        sent_ms = str(int(self.sent_at[place] * 1000))
        digest = hmac.digest(self._key, body + sent_ms.encode(), "sha256").hex()
        answer = await connection.ask(b"%b%b\r\n\r\n%b" % (head, f"v={sent_ms},d={digest}".encode(), body))
        self._statuses[str(answer.status)] += 1
        self._latencies.append(answer.at - meant)
        self._last = max(self._last, answer.at)


def _head(order: Order, body: bytes) -> bytes:
    """All of a request's head but the signature, with which it ends."""
    target = order.target
    lines = (
        f"POST {target.path} HTTP/1.1",
        f"Host: {target.host}:{target.port}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "X-Retell-Signature: ",
    )
    return "\r\n".join(lines).encode()
