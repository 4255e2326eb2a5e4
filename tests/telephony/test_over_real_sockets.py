"""What real connections do, since the error tree rests on what httpx makes of them."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from telephony.errors import DialUnconfirmed, ProviderUnreachable
from telephony.http import ANSWER_DEADLINE, provider_http_client
from telephony.retell_client import RetellProvider

BODY = {"from_number": "+12125550100", "to_number": "+13125550142", "idempotency_key": "attempt"}
TAKEN = b'HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: 20\r\n\r\n{"call_id":"call_1"}'

Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def provider_at(port: int, *, deadline: timedelta = ANSWER_DEADLINE) -> AsyncIterator[RetellProvider]:
    async with provider_http_client() as http:
        yield RetellProvider("key_of_tests", f"http://127.0.0.1:{port}", http, deadline=deadline)


@asynccontextmanager
async def server(answer: Answer) -> AsyncIterator[int]:
    """Reads one request per connection, answers it and closes the connection; yields its port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(length)
        await answer(writer)
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with listening:
        port: int = listening.sockets[0].getsockname()[1]
        yield port


async def take(writer: asyncio.StreamWriter) -> None:
    writer.write(TAKEN)
    await writer.drain()


async def cut_off(writer: asyncio.StreamWriter) -> None:
    writer.write(TAKEN[:-5])
    await writer.drain()


async def hang_up(writer: asyncio.StreamWriter) -> None:
    """Closes without a word."""


async def reset(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def test_a_port_on_which_nobody_listens_never_received_the_request() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        async with provider_at(closed.getsockname()[1]) as provider:
            with pytest.raises(ProviderUnreachable):
                await provider.place(BODY)


@pytest.mark.parametrize("answer", [hang_up, reset, cut_off])
async def test_a_connection_lost_after_sending_leaves_the_dial_unconfirmed(answer: Answer) -> None:
    async with server(answer) as port, provider_at(port) as provider:
        with pytest.raises(DialUnconfirmed):
            await provider.place(BODY)


async def test_an_answer_that_never_comes_leaves_the_dial_unconfirmed() -> None:
    over = asyncio.Event()

    async def stay_silent(_: asyncio.StreamWriter) -> None:
        await over.wait()

    async with server(stay_silent) as port, provider_at(port, deadline=timedelta(milliseconds=100)) as provider:
        with pytest.raises(DialUnconfirmed):
            await provider.place(BODY)
        over.set()


async def test_a_connection_the_provider_has_closed_meanwhile_costs_no_call() -> None:
    async with server(take) as port, provider_at(port) as provider:
        for _ in range(5):
            assert (await provider.place(BODY)).call_id == "call_1"
