"""Who gets what others leave must not get nothing for long: campaigns would stand still while a query keeps all cores.

So it is looked at how much it had and how long it waited, and where it has starved for two looks on end it has its
share for a while. That costs those in front their latency, which is why it isn't always so (docs/decisions/0039).
"""

import asyncio
from collections.abc import Iterator, Mapping
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
    """What a thread has had so far. ``ran``: at a core. ``waited``: for one. Both in seconds."""

    ran: float
    waited: float


Usage = Mapping[int, Used]


def is_starving(before: Usage, after: Usage, seconds: float) -> bool:
    """Whether these threads wanted a core between two looks, ``seconds`` apart, and had next to nothing of one."""
    stayed = before.keys() & after.keys()
    waited = sum(after[thread].waited - before[thread].waited for thread in stayed)
    ran = sum(after[thread].ran - before[thread].ran for thread in stayed)
    return waited >= WAITED_AT_LEAST * seconds and ran <= RAN_AT_MOST * seconds


async def keep_from_starving(group: ControlGroup) -> None:
    """Watch over who stands back in a group, until cancelled or until the kernel lets nobody feed them any more."""
    with suppress(OSError):
        while True:
            await _until_starving(group)
            group.give_share()
            await asyncio.sleep(FED_SECONDS)
            group.give_leavings()


async def _until_starving(group: ControlGroup) -> None:
    before, hungry = _used(group), 0
    while hungry < LOOKS_UNTIL_FED:
        await asyncio.sleep(LOOK_SECONDS)
        after = _used(group)
        hungry = hungry + 1 if is_starving(before, after, LOOK_SECONDS) else 0
        before = after


def _used(group: ControlGroup) -> Usage:
    return dict(_used_by_each(group))


def _used_by_each(group: ControlGroup) -> Iterator[tuple[int, Used]]:
    """Source: the kernel's "Scheduler Statistics"; nanoseconds."""
    for thread in group.threads_of_rest():
        with suppress(FileNotFoundError, ProcessLookupError):
            ran, waited, _ = Path(f"/proc/{thread}/schedstat").read_text().split()
            yield thread, Used(int(ran) / 1e9, int(waited) / 1e9)
