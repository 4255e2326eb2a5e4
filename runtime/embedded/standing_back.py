"""Who stands back where cores are short.

On one machine with everything on it, what somebody waits for goes first: the provider gives a webhook up after ten
seconds, and a person waits for the API. What follows from both is never lost, only later.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path

FOLLOWERS_NICENESS = 10

_TRIES = 20
_BETWEEN_TRIES_SECONDS = 0.1


def standing_back(command: Sequence[str], niceness: int) -> list[str]:
    """The command, run with this niceness of POSIX; the process id stays."""
    return ["nice", "-n", str(niceness), *command] if niceness else list(command)


async def have_session_stand_back(pid: int, niceness: int) -> None:
    """The same for the whole session that this process leads, where the kernel weighs sessions against each other.

    On Linux with autogroups the niceness of a process counts only among those of its session. Source: sched(7).
    """
    if not niceness:
        return
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
