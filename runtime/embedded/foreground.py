"""Runs a stack until a person or the system asks it to stop."""

import asyncio
import contextlib
import signal
from collections.abc import Callable

from runtime.embedded.errors import StackError
from runtime.embedded.part import Say
from runtime.embedded.stack import Stack

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


async def run_until_stopped(stack: Stack, *, say: Say, when_up: Callable[[], None]) -> None:
    """Start, tell ``when_up``, wait for SIGINT, SIGTERM or SIGHUP, and stop in order; a second signal kills at once.

    Raises:
        StackError: The stack did not start; whatever had started is stopped.
    """
    asked = asyncio.Event()

    def ask() -> None:
        if asked.is_set():
            say("Killing what still runs")
            stack.kill()
            return
        say("Stopping (once more to kill at once)")
        asked.set()

    loop = asyncio.get_running_loop()
    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, ask)
    starting = asyncio.create_task(stack.start())
    waiting = asyncio.create_task(asked.wait())
    try:
        await asyncio.wait({starting, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if not asked.is_set():
            starting.result()
            when_up()
            await waiting
        starting.cancel()
        with contextlib.suppress(asyncio.CancelledError, StackError):  # stopping is what was asked for
            await starting
    finally:
        waiting.cancel()
        await stack.stop()
