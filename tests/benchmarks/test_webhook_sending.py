"""The generator sends each webhook once, signed when it is sent, and doesn't wait for late answers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from benchmarks.errors import BenchmarkFailed
from benchmarks.webhook.generator import send
from benchmarks.webhook.order import Order, Target
from benchmarks.webhook.scale import WEBHOOKS_A_CALL
from benchmarks.webhook.sending import Sending
from telephony.webhook_signature import verify_signature
from tests.benchmarks.test_webhook import call

BODIES = [b"1", b"2", b"3", b"4"]
HELD_SECONDS = 0.1
KEY = "key_of_the_account"
NO_CONTENT = b"HTTP/1.1 204 No Content\r\ndate: now\r\n\r\n"
REFUSED = b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 7\r\n\r\nrefused"


class Receiver:
    """Takes requests over kept-alive connections and gives the same answer to each, in two pieces."""

    def __init__(self, answer: bytes, *, waits: asyncio.Event | None = None) -> None:
        self.bodies: list[tuple[bytes, str]] = []
        self.connections = 0
        self.seen = asyncio.Event()
        self._answer = answer
        self._waits = waits

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        while head := await _head(reader):
            self.bodies.append((await reader.readexactly(int(head["content-length"])), head["x-retell-signature"]))
            self.seen.set()
            if self._waits is not None:
                await self._waits.wait()
            for piece in (self._answer[:20], self._answer[20:]):
                writer.write(piece)
                await writer.drain()
        writer.close()


async def _head(reader: asyncio.StreamReader) -> dict[str, str]:
    try:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()
    except asyncio.IncompleteReadError:
        return {}
    return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:] if line)}


@asynccontextmanager
async def listening(receiver: Receiver) -> AsyncIterator[Target]:
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    async with server:
        yield Target("127.0.0.1", server.sockets[0].getsockname()[1], "/webhook")


def order(target: Target, **changes: Any) -> Order:  # noqa: ANN401 - the order's own fields
    wanted: dict[str, Any] = {"calls": [call(1), call(2)], "connections": 3, "per_second": None, **changes}
    return Order(target, KEY, recordings="http://127.0.0.1:1", **wanted)


@pytest.mark.parametrize("per_second", [None, 500])
async def test_each_webhook_is_sent_once_and_signed_for_now(per_second: int | None) -> None:
    receiver = Receiver(NO_CONTENT)
    async with listening(receiver) as target:
        found = await send(order(target, per_second=per_second))
    count = 2 * WEBHOOKS_A_CALL
    assert found.statuses == {"204": count}
    assert (len(found.latencies), len({body for body, _ in receiver.bodies}), receiver.connections) == (count, count, 3)
    assert found.body_bytes == sum(len(body) for body, _ in receiver.bodies)
    assert len(found.lags) == (count if per_second else 0)
    now = datetime.now(UTC)
    assert all(verify_signature(body, signature, [KEY], now=now) for body, signature in receiver.bodies)


async def test_at_an_even_pace_the_wait_for_a_connection_counts_from_the_instant_that_was_meant() -> None:
    released = asyncio.Event()
    receiver = Receiver(NO_CONTENT, waits=released)
    async with listening(receiver) as target:
        under_way = asyncio.create_task(Sending(order(target, connections=2, per_second=1_000), BODIES).send_all())
        await receiver.seen.wait()
        asyncio.get_running_loop().call_later(HELD_SECONDS, released.set)
        found = await under_way
    assert sorted(body for body, _ in receiver.bodies) == BODIES
    # The third and the fourth are answered as soon as they are sent, and that is late.
    assert min(found.latencies) > HELD_SECONDS * 0.9
    assert found.seconds >= max(found.latencies)


async def test_a_webhook_that_is_refused_is_no_result() -> None:
    async with listening(Receiver(REFUSED)) as target:
        with pytest.raises(BenchmarkFailed, match="'401': 14"):
            await send(order(target))


async def test_nobody_who_listens_is_no_result_and_one_sentence() -> None:
    async with listening(Receiver(NO_CONTENT)) as target:
        pass
    with pytest.raises(BenchmarkFailed, match=r"could not be sent to http://127.0.0.1"):
        await send(order(target))
