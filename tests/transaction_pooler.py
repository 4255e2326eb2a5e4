"""A pooler as PgBouncer is one in its mode ``transaction``: each transaction gets another connection to the server.

PgBouncer gives out what is free; this one always gives what was free the longest, so that two transactions in a row
never meet the same server process. It asks nobody for a password, and the server must take it without one.

Source: PostgreSQL 18, 54.2, message flow; 54.7, message formats.
"""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

_PROTOCOL = 196_608
_ASKS_FOR_TLS = 80_877_103
_AUTHENTICATED = b"R" + struct.pack("!ii", 8, 0)
_READY = b"Z" + struct.pack("!i", 5) + b"I"
_IDLE = b"I"
_ENDS_WHAT_IS_ASKED = {b"S", b"Q"}
_LEAVES = b"X"


@dataclass
class _Server:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


@dataclass
class TransactionPooler:
    """``port``: where it listens."""

    port: int = 0
    _free: asyncio.Queue[_Server] = field(default_factory=asyncio.Queue)
    _greeting: bytes = b""

    async def open_servers(self, host: str, port: int, user: str, database: str, count: int) -> None:
        for _ in range(count):
            reader, writer = await asyncio.open_connection(host, port)
            asked = f"user\0{user}\0database\0{database}\0\0".encode()
            writer.write(struct.pack("!ii", 8 + len(asked), _PROTOCOL) + asked)
            server = _Server(reader, writer)
            self._greeting = await _until_ready(server)
            self._free.put_nowait(server)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client, until it leaves."""
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            await _started(reader, writer)
            writer.write(_AUTHENTICATED + self._greeting + _READY)
            while await self._transaction(reader, writer):
                pass
        writer.close()

    async def close(self) -> None:
        while not self._free.empty():
            self._free.get_nowait().writer.close()

    async def _transaction(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Pass one transaction on; False when the client leaves."""
        kind, message = await _message(reader)
        if kind == _LEAVES:
            return False
        server = await self._free.get()
        states: asyncio.Queue[bytes] = asyncio.Queue()
        answers = asyncio.create_task(_pass_answers_on(server, writer, states))
        try:
            while True:
                server.writer.write(message)
                if kind in _ENDS_WHAT_IS_ASKED and await states.get() == _IDLE:
                    return True
                kind, message = await _message(reader)
        finally:
            answers.cancel()
            self._free.put_nowait(server)


async def _pass_answers_on(server: _Server, writer: asyncio.StreamWriter, states: asyncio.Queue[bytes]) -> None:
    """Until the transaction is over; ``states`` are told as the server tells them."""
    state = b""
    while state != _IDLE:
        kind, message = await _message(server.reader)
        writer.write(message)
        if kind == b"Z":
            state = message[-1:]
            states.put_nowait(state)


async def _started(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        (length,) = struct.unpack("!i", await reader.readexactly(4))
        (code,) = struct.unpack("!i", (await reader.readexactly(length - 4))[:4])
        if code != _ASKS_FOR_TLS:
            return
        writer.write(b"N")


async def _message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readexactly(5)
    (length,) = struct.unpack("!i", head[1:])
    return head[:1], head + await reader.readexactly(length - 4)


async def _until_ready(server: _Server) -> bytes:
    """What the server tells of its settings at the start."""
    told = b""
    while True:
        kind, message = await _message(server.reader)
        if kind == b"S":
            told += message
        if kind == b"E":
            raise ConnectionError(message.decode(errors="replace"))
        if kind == b"Z":
            return told


@asynccontextmanager
async def transaction_pooler(
    host: str, port: int, *, user: str, database: str, servers: int = 3
) -> AsyncIterator[TransactionPooler]:
    """In front of a server that takes this user without a password; ``port`` of the pooler says where to knock."""
    pooler = TransactionPooler()
    await pooler.open_servers(host, port, user, database, servers)
    listener = await asyncio.start_server(pooler.serve, "127.0.0.1", 0)
    pooler.port = listener.sockets[0].getsockname()[1]
    async with listener:
        yield pooler
    await pooler.close()
