"""Serves the simulator until it is told to stop."""

import asyncio
import signal
import socket
import sys
from collections.abc import Generator
from contextlib import contextmanager

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
    @override
    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Signals are handled below: uvicorn raises them again when done, and the exit status would not be 0."""
        yield


def bound_socket(host: str, port: int) -> socket.socket:
    """A listening place; port 0 takes a free one. Raises OSError when the port is taken."""
    return socket.create_server((host, port), backlog=2048)


async def serve(app: App, listener: socket.socket) -> None:
    """Serve until SIGTERM or SIGINT; requests that hang are cut after a second."""
    config = uvicorn.Config(
        app,
        http=_DroppableConnections,
        ws="none",
        lifespan="on",
        log_level="error",
        access_log=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=1,
    )
    server = _Server(config)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, setattr, server, "should_exit", True)
    host, port = listener.getsockname()[:2]
    sys.stdout.write(f"simulator listens on http://{host}:{port}\n")
    sys.stdout.flush()
    await server.serve(sockets=[listener])
