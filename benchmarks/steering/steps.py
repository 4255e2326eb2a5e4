"""One thing that people tell a campaign, and how soon it is so."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from benchmarks.errors import BenchmarkFailed
from benchmarks.steering.scale import CALLS_SECONDS, QUIET_SECONDS
from benchmarks.steering.scene import Scene

LOOK_SECONDS = 0.05
PATIENCE_SECONDS = 120.0
BEFORE = timedelta(seconds=CALLS_SECONDS)

Tell = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Begun:
    """In seconds from sending the request: when it was answered, when the provider was first asked for a call."""

    what: str
    request_seconds: float
    first_dial_seconds: float


@dataclass(frozen=True, slots=True)
class Ended:
    """``last_dial_seconds``: when the provider was last asked for a call, from the answer on; negative before it.

    ``late_gates``: calls that the system let out after that answer.
    """

    what: str
    request_seconds: float
    last_dial_seconds: float
    late_gates: int


async def begin(scene: Scene, what: str, tell: Tell) -> Begun:
    """Have calls begin; before it nobody is called.

    Raises:
        BenchmarkFailed: Nobody was called for two minutes.
    """
    sent_at = datetime.now(UTC)
    await tell()
    answered_at = datetime.now(UTC)
    first = await _first_dial(scene, sent_at, what)
    await asyncio.sleep(CALLS_SECONDS)
    return Begun(what, (answered_at - sent_at).total_seconds(), (first - sent_at).total_seconds())


async def end(scene: Scene, what: str, tell: Tell) -> Ended:
    """Have calls end, while some are being placed; afterwards nobody is on the phone.

    Raises:
        BenchmarkFailed: Calls go on.
    """
    sent_at = datetime.now(UTC)
    await tell()
    answered_at = datetime.now(UTC)
    await asyncio.sleep(QUIET_SECONDS)
    await _nobody_on_the_phone(scene, what)
    last = (await scene.arrivals(sent_at - BEFORE))[-1:]
    if not last:
        raise BenchmarkFailed(f"Nobody was being called when it was told: {what}.")
    return Ended(
        what,
        (answered_at - sent_at).total_seconds(),
        (last[0] - answered_at).total_seconds(),
        await scene.books.gates_after(answered_at),
    )


async def _first_dial(scene: Scene, since: datetime, what: str) -> datetime:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (arrivals := await scene.arrivals(since)):
        if time.monotonic() > deadline:
            raise BenchmarkFailed(f"Nobody was called within {PATIENCE_SECONDS:g} s: {what}.")
        await asyncio.sleep(LOOK_SECONDS)
    return arrivals[0]


async def _nobody_on_the_phone(scene: Scene, what: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while await scene.books.live_calls():
        if time.monotonic() > deadline:
            raise BenchmarkFailed(f"Calls go on {PATIENCE_SECONDS:g} s later: {what}.")
        await asyncio.sleep(LOOK_SECONDS)
