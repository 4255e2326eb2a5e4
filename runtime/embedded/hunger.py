"""Who gets what others leave must not get nothing for long: campaigns would stand still while a query keeps all cores.

So it is looked at how much it had and how long it waited, and where it has starved for two looks on end it has its
share for a while. That costs those in front their latency, which is why it isn't always so (docs/decisions/0039).
"""

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from runtime.embedded.control_group import ControlGroup

LOOK_SECONDS = 1.0
LOOKS_UNTIL_FED = 2
FED_SECONDS = 10.0

WAITED_AT_LEAST = 0.5  # of the time between two looks, one thread or several together
RAN_AT_MOST = 0.1  # of one core


@dataclass(frozen=True, slots=True)
class Used:
    """What a thread has had so far. ``ran``: at a core. ``waited``: for one, until it got it. Both in seconds.

    ``wants``: whether it waits for one just now, or has it.
    """

    ran: float
    waited: float
    wants: bool = False


Usage = Mapping[int, Used]


def is_starving(before: Usage, after: Usage, seconds: float) -> bool:
    """Whether these threads wanted a core between two looks, ``seconds`` apart, and had next to nothing of one."""
    stayed = [(before[thread], after[thread]) for thread in before.keys() & after.keys()]
    waited = sum(_waited(was, now, seconds) for was, now in stayed)
    ran = sum(now.ran - was.ran for was, now in stayed)
    return waited >= WAITED_AT_LEAST * seconds and ran <= RAN_AT_MOST * seconds


def _waited(was: Used, now: Used, seconds: float) -> float:
    """The kernel counts how long somebody waited once it is over."""
    is_still_waiting = was.wants and now.wants and (was.ran, was.waited) == (now.ran, now.waited)
    return seconds if is_still_waiting else now.waited - was.waited


async def keep_from_starving(group: ControlGroup) -> None:
    """Watch over who stands back in a group, until cancelled or until the kernel lets nobody feed them any more."""
    with suppress(OSError):
        while True:
            await _until_starving(group)
            group.give_share()
            await asyncio.sleep(FED_SECONDS)
            group.give_leavings()


async def _until_starving(group: ControlGroup) -> None:
    before, began, hungry = _used(group), time.monotonic(), 0
    while hungry < LOOKS_UNTIL_FED:
        await asyncio.sleep(LOOK_SECONDS)
        after, ended = _used(group), time.monotonic()
        hungry = hungry + 1 if is_starving(before, after, ended - began) else 0
        before, began = after, ended


def _used(group: ControlGroup) -> Usage:
    try:
        threads = group.threads_of_rest()
    except OSError:
        return {}  # nothing is known of anybody then, and nobody is found to starve
    return {thread: used for thread in threads if (used := _used_by(thread)) is not None}


def _used_by(thread: int) -> Used | None:
    """Source: the kernel's "Scheduler Statistics", in nanoseconds; proc_pid_stat(5) for who wants to run."""
    with suppress(OSError):
        ran, waited, _ = Path(f"/proc/{thread}/schedstat").read_text().split()
        state = Path(f"/proc/{thread}/stat").read_text().rpartition(") ")[2][:1]
        return Used(int(ran) / 1e9, int(waited) / 1e9, wants=state == "R")
    return None
