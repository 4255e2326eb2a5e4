"""Serves the simulator until it is told to stop."""

import asyncio
import signal
import socket
import sys
from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from simulator.fault_gate import DROP, App


class _DroppableConnections(HttpToolsProtocol):
    """Hands the application a way to cut the connection, as a real network does now and then."""

    @override
    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {DROP: self.transport.abort}  # type: ignore[dict-item]


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up_or_failed = asyncio.Event()

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().startup(sockets=sockets)
        finally:
            self.up_or_failed.set()

    @override
    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Signals are the runner's business: uvicorn would raise them again, and the exit status would not be 0."""
        yield


def bound_socket(host: str, port: int) -> socket.socket:
    """A listening place; port 0 takes a free one. Raises OSError when the port is taken."""
    return socket.create_server((host, port), backlog=2048)


@asynccontextmanager
async def running(app: App, listener: socket.socket) -> AsyncIterator[str]:
    """Serves on the listener, within the loop of the caller; yields the address once requests are answered.

    Leaving stops it; requests that hang are cut after a second.
    """
    config = uvicorn.Config(
        app,
        http=_DroppableConnections,
        ws="none",
        lifespan="on",
        log_level="critical",
        access_log=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=1,
    )
    server = _Server(config)
    host, port = listener.getsockname()[:2]
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    await server.up_or_failed.wait()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.should_exit = True
        await serving


async def serve_until_told(app: App, listener: socket.socket) -> None:
    """Serve until SIGTERM or SIGINT, having said where on standard output."""
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    async with running(app, listener) as address:
        sys.stdout.write(f"simulator listens on {address}\n")
        sys.stdout.flush()
        await told.wait()
