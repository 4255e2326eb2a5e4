"""Who stands back where cores are short.

On one machine with everything on it, what somebody waits for goes first: the provider gives a webhook up after ten
seconds, and a person waits for the API. What follows from both is never lost, only later.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from runtime.embedded.control_group import ControlGroup
from runtime.own_session import has_session_to_itself

NICENESS = 10
"""Of who stands back where others than our own might go before: they still have a tenth of what those have."""


def stand_back(pid: int, group: ControlGroup | None = None) -> None:
    """Have a process that is up stand back from now on, with all that it starts later.

    Not before: somebody waits for it to start, and on a busy machine it would take minutes.

    In the stack's control group, or else in a session of our own, it gets what our other processes leave, and gives way
    as soon as one of them wakes up (docs/decisions/0036, 0039). Where strangers share a session with us, that could be
    nothing at all for hours.
    """
    if group is not None and group.stand_back(pid):
        return
    gets_the_rest = has_session_to_itself()
    for thread in _threads(pid):
        with suppress(ProcessLookupError):
            if not (gets_the_rest and _takes_the_rest(thread)):
                os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + NICENESS)


def _takes_the_rest(thread: int) -> bool:
    """Whether it could be told so; some containers allow nobody to."""
    if sys.platform != "linux":
        return False
    try:
        os.sched_setscheduler(thread, os.SCHED_IDLE, os.sched_param(0))
    except PermissionError:
        return False
    return True


def _threads(pid: int) -> Iterator[int]:
    """On Linux each thread has a rank of its own; elsewhere it is the process's. Source: setpriority(2), sched(7)."""
    with suppress(OSError):
        yield from (int(path.name) for path in Path(f"/proc/{pid}/task").iterdir())
        return
    yield pid
