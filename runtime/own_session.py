"""A session that nobody else is in, for a program that shares out a machine among its own processes.

Linux shares cores out among sessions first, and then among the processes of each (autogroups, sched(7)). So who stands
back within a session stands back behind its own, and never behind a stranger's compiler.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import NoReturn

_SHARED_AMONG_SESSIONS = Path("/proc/sys/kernel/sched_autogroup_enabled")
_CONTROL_GROUPS = Path("/proc/self/cgroup")
_ALL_GROUPS = Path("/sys/fs/cgroup")
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
FRONT_IS_GONE = signal.SIGUSR1
"""Tells a program that what stood in front of it was killed; one of its own, since a second SIGTERM kills at once."""

_SIGNAL_WHEN_PARENT_ENDS = 1  # PR_SET_PDEATHSIG, of prctl(2)


def has_session_to_itself() -> bool:
    """Whether this process leads its session, and the kernel gives that session its share of the cores."""
    return cores_are_shared_among_sessions() and os.getsid(0) == os.getpid()


def signals_heard() -> Sequence[signal.Signals]:
    """Those that ask to stop. A hangup that is ignored from the start, as nohup has it, stays ignored."""
    is_deaf = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    return [number for number in STOP_SIGNALS if number != signal.SIGHUP or not is_deaf]


def enter_own_session() -> None:
    """Go on in a session of one's own; whoever started this program notices nothing.

    The process that was started stays in front: it passes signals on, and ends as the program ends. Call it before
    there are threads. Does nothing where it would change nothing.
    """
    if os.getsid(0) == os.getpid() or not cores_are_shared_among_sessions():
        return
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:  # it is where it was closed from the start
            stream.flush()
    front = os.getpid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # where it is ignored, nobody learns how a child ended
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    program = os.fork()
    if program:
        _stand_in_front_of(program)
    os.setsid()
    _end_with(front)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)


def cores_are_shared_among_sessions() -> bool:
    """Whether the kernel does that here, and no control groups stand above it."""
    with suppress(OSError):
        return _SHARED_AMONG_SESSIONS.read_text().strip() == "1" and not _has_a_group_of_the_systems()
    return False


def _has_a_group_of_the_systems() -> bool:
    """Whether cores are shared out by control groups here, as by systemd among logins: sessions count for nothing then.

    Source: sched(7); cgroups(7) for the lines ``hierarchy:controllers:path``.
    """
    for line in _CONTROL_GROUPS.read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        if "cpu" in controllers.split(",") and path != "/":
            return True
        own = _ALL_GROUPS / path.lstrip("/")
        below_the_first = [group for group in (own, *own.parents) if _ALL_GROUPS in group.parents]
        if not controllers and any((group / "cpu.weight").exists() for group in below_the_first):
            return True
    return False


def _stand_in_front_of(program: int) -> NoReturn:
    def pass_on(number: int, frame: FrameType | None) -> None:
        del frame
        with suppress(ProcessLookupError):
            os.kill(program, number)

    for number in signals_heard():
        signal.signal(number, pass_on)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
    status = os.waitstatus_to_exitcode(os.waitpid(program, 0)[1])
    if status < 0:
        with suppress(OSError):  # there are some that nobody takes
            signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    os._exit(status if status >= 0 else 1)


def _end_with(front: int) -> None:
    """Be asked to stop when the process in front is killed, which can pass on nothing then."""
    ctypes.CDLL(None).prctl(_SIGNAL_WHEN_PARENT_ENDS, FRONT_IS_GONE)
    if os.getppid() != front:
        os._exit(1)
