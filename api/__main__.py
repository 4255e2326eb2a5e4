"""The API as a process: ``python -m api``. SIGTERM and SIGINT finish what is under way and end with status 0."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Iterator

import structlog
import uvicorn
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy.ext.asyncio import AsyncEngine
from typing_extensions import override

from api.app import Parts, create_app
from api.dependencies import Dependencies
from api.jwt_secret import jwt_secret
from api.webhook_line import CONNECTIONS
from runtime.database import PLANNED_ONCE, create_engine, session_factory
from runtime.event_loop import run
from runtime.exit import leave
from runtime.long_lived import keep_what_is_there
from runtime.settings import Settings, SettingsError, load_settings
from runtime.telemetry import configure_logging
from runtime.temporal_client import connect

log = structlog.get_logger("api")

STOP_SECONDS = 10
REPLICA_CONNECTIONS = 5


class Server(uvicorn.Server):
    """uvicorn sends itself the signal again once it has stopped, and the process would end by it, not with status 0.

    Before it stops it waits for all answers to come to an end, and streams never would: so these are ended first.
    """

    def __init__(self, config: uvicorn.Config, end_streams: Callable[[], Awaitable[None]]) -> None:
        super().__init__(config)
        self._end_streams = end_streams

    @override
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    @override
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._end_streams()
        await super().shutdown(sockets)


async def serve(settings: Settings) -> None:
    engine = create_engine(settings, application="leadline-api")
    webhooks = create_engine(
        settings, application="leadline-api-webhooks", pool_size=CONNECTIONS, more_settings=PLANNED_ONCE
    )
    replica = None if settings.database_replica_url is None else _replica(settings)
    try:
        await _serve_with(settings, engine, webhooks, replica)
    finally:
        for one in (engine, webhooks, replica):
            if one is not None:
                await one.dispose()


def _replica(settings: Settings) -> AsyncEngine:
    """What analytics are read from; without a replica they take their turns at the primary with everything else."""
    log.info("analytics_from_replica")
    return create_engine(
        settings, url=settings.replica_url, application="leadline-api-analytics", pool_size=REPLICA_CONNECTIONS
    )


async def _serve_with(
    settings: Settings, engine: AsyncEngine, webhooks: AsyncEngine, replica: AsyncEngine | None
) -> None:
    sessions = session_factory(engine)
    temporal = await connect(settings, lazy=True)
    parts = Parts(
        settings=settings,
        jwt_secret=jwt_secret(settings),
        sessions=sessions,
        temporal=temporal,
        hasher=PasswordHash((Argon2Hasher(),)),
        webhook_sessions=session_factory(webhooks),
        analytics_sessions=None if replica is None else session_factory(replica),
    )
    app = create_app(parts)
    dependencies: Dependencies = app.state.dependencies
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=STOP_SECONDS,
    )
    server = Server(config, dependencies.live.close)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.handle_exit, number, None)
    keep_what_is_there()
    await server.serve()


def main() -> int:
    try:
        settings = load_settings(os.environ)
        configure_logging(settings)
        run(serve(settings))
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    leave(main())
