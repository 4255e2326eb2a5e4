"""Who gets the processor at once where cores are short: whoever somebody waits for.

Whoever wakes up waits until another has had its turn, and an answer takes a dozen turns, of the API and of PostgreSQL
one after the other. Linux lets a process ask for shorter turns: it comes before those whose turns are longer, and has
no more of the processor in all. Source: sched_setattr(2); from Linux 6.12 on. Others take no notice of it.
"""

import ctypes
import os
import platform
import struct

TURN_NANOSECONDS = 200_000

# Of sched_setattr, which neither Python nor the C libraries in use have a name for. Source: the kernel's tables.
_SYSTEM_CALLS = {"x86_64": 314, "aarch64": 274}
# Size, policy, flags, niceness, priority; turn, deadline and period in nanoseconds.
_ATTRIBUTES = struct.Struct("=IIQiIQQQ")


def take_short_turns(pid: int) -> None:
    """Have a process take short turns from now on, with all threads and processes that it starts later.

    Does nothing where that isn't known, or where the process has ended.
    """
    system_call = _SYSTEM_CALLS.get(platform.machine())
    if system_call is None or platform.system() != "Linux":
        return
    try:
        niceness = os.getpriority(os.PRIO_PROCESS, pid)
    except ProcessLookupError:
        return
    attributes = _ATTRIBUTES.pack(_ATTRIBUTES.size, os.SCHED_OTHER, 0, niceness, 0, TURN_NANOSECONDS, 0, 0)
    ctypes.CDLL(None).syscall(ctypes.c_long(system_call), ctypes.c_int(pid), attributes, ctypes.c_uint(0))
