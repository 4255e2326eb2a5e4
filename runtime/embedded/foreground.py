"""Runs a stack until its work is done, or until a person or the system asks it to stop."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import TypeVar

from runtime.embedded.errors import StackError
from runtime.embedded.part import Say
from runtime.embedded.stack import Stack
from runtime.own_session import FRONT_IS_GONE, signals_heard

Result = TypeVar("Result")


async def run_until_stopped(stack: Stack, *, say: Say, when_up: Callable[[], None]) -> None:
    """Start, tell ``when_up``, wait for SIGINT, SIGTERM or SIGHUP, and stop in order; a second signal kills at once.

    Raises:
        StackError: The stack did not start; whatever had started is stopped.
    """

    async def stay() -> None:
        when_up()
        await asyncio.Event().wait()

    await run_for(stack, say=say, work=stay)


async def run_for(stack: Stack, *, say: Say, work: Callable[[], Awaitable[Result]]) -> Result | None:
    """Start, do the work, and stop in order, however the work ends; a signal cuts it short, a second one kills at once.

    Returns:
        What the work returned; None when SIGINT, SIGTERM or SIGHUP came first.

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

    async def start_and_work() -> Result:
        await stack.start()
        return await work()

    loop = asyncio.get_running_loop()
    for number in signals_heard():
        loop.add_signal_handler(number, ask)
    loop.add_signal_handler(FRONT_IS_GONE, asked.set)
    working = asyncio.create_task(start_and_work())
    waiting = asyncio.create_task(asked.wait())
    try:
        await asyncio.wait({working, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if not asked.is_set():
            return working.result()
        working.cancel()
        with contextlib.suppress(asyncio.CancelledError, StackError):  # stopping is what was asked for
            await working
        return None
    finally:
        waiting.cancel()
        await stack.stop()
