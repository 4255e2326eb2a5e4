"""Who stands back where cores are short.

On one machine with everything on it, what somebody waits for goes first: the provider gives a webhook up after ten
seconds, and a person waits for the API. What follows from both is never lost, only later.
"""

import asyncio
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

FOLLOWERS_NICENESS = 10

_TRIES = 20
_BETWEEN_TRIES_SECONDS = 0.1


async def stand_back(pid: int, niceness: int) -> None:
    """Have a process that is up stand back by so much from now on, with all that it starts later.

    Not before: somebody waits for it to start, and on a busy machine it would take minutes.
    """
    if not niceness:
        return
    for thread in _threads(pid):
        with suppress(OSError):  # it has ended
            os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + niceness)
    await _have_session_stand_back(pid, niceness)


def _threads(pid: int) -> Iterator[int]:
    """On Linux each thread has a niceness of its own; elsewhere it is the process's. Source: setpriority(2)."""
    with suppress(OSError):
        yield from (int(path.name) for path in Path(f"/proc/{pid}/task").iterdir())
        return
    yield pid


async def _have_session_stand_back(pid: int, niceness: int) -> None:
    """The same for the whole session that this process leads, where the kernel weighs sessions against each other.

    On Linux with autogroups the niceness of a process counts only among those of its session. Source: sched(7).
    """
    autogroup = Path(f"/proc/{pid}/autogroup")
    for _ in range(_TRIES):
        try:
            autogroup.write_text(str(niceness))  # noqa: ASYNC240 - no file, but the kernel itself
        except BlockingIOError:  # ordinary users may do this ten times a second in all
            await asyncio.sleep(_BETWEEN_TRIES_SECONDS)
        except OSError:  # it has ended, or this is another kernel
            return
        else:
            return
