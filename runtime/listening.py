"""Words that PostgreSQL passes on: LISTEN on a connection of its own, for as long as the process runs."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping

import asyncpg  # type: ignore[import-untyped]
import structlog

from runtime.settings import Settings

log = structlog.get_logger(__name__)

Heard = Callable[[str], None]

RETRY_SECONDS = 2.0
CONNECT_SECONDS = 10.0


@contextlib.asynccontextmanager
async def listening(settings: Settings, channels: Mapping[str, Heard], *, application: str) -> AsyncIterator[None]:
    """Call what stands beside a channel with the text of every notification on it, past any pooler.

    A lost connection is made again; what was said meanwhile is lost, so nothing may rest on hearing everything.
    """
    task = asyncio.create_task(_listen(settings.direct_url, channels, application))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _listen(url: str, channels: Mapping[str, Heard], application: str) -> None:
    while True:
        try:
            await _listen_once(url, channels, application)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
            log.warning("listening_interrupted", channels=list(channels), error=type(error).__name__)
        await asyncio.sleep(RETRY_SECONDS)


async def _listen_once(url: str, channels: Mapping[str, Heard], application: str) -> None:
    connection = await asyncpg.connect(url, timeout=CONNECT_SECONDS, server_settings={"application_name": application})
    closed = asyncio.Event()
    try:
        connection.add_termination_listener(lambda _: closed.set())
        for channel in channels:
            await connection.add_listener(channel, lambda _connection, _pid, where, word: channels[where](word))
        await closed.wait()
    finally:
        # A connection that is lost can't be closed in order.
        connection.terminate()
