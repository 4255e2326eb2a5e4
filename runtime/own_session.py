"""A session that nobody else is in, for a program that shares out a machine among its own processes.

Linux shares cores out among sessions first, and then among the processes of each (autogroups, sched(7)). So who stands
back within a session stands back behind its own, and never behind a stranger's compiler.
"""

import ctypes
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import NoReturn

_SHARED_AMONG_SESSIONS = Path("/proc/sys/kernel/sched_autogroup_enabled")
_PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_SIGNAL_WHEN_PARENT_ENDS = 1  # PR_SET_PDEATHSIG, of prctl(2)


def has_session_to_itself() -> bool:
    """Whether this process leads its session, and the kernel gives that session its share of the cores."""
    return _cores_are_shared_among_sessions() and os.getsid(0) == os.getpid()


def enter_own_session() -> None:
    """Go on in a session of one's own; whoever started this program notices nothing.

    The process that was started stays in front: it passes signals on, and ends as the program ends. Call it before
    there are threads. Does nothing where it would change nothing.
    """
    if has_session_to_itself() or not _cores_are_shared_among_sessions():
        return
    sys.stdout.flush()
    sys.stderr.flush()
    front = os.getpid()
    signal.pthread_sigmask(signal.SIG_BLOCK, _PASSED_ON)
    program = os.fork()
    if program:
        _stand_in_front_of(program)
    os.setsid()
    _end_with(front)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _PASSED_ON)


def _cores_are_shared_among_sessions() -> bool:
    with suppress(OSError):
        return _SHARED_AMONG_SESSIONS.read_text().strip() == "1"
    return False


def _stand_in_front_of(program: int) -> NoReturn:
    def pass_on(number: int, frame: FrameType | None) -> None:
        del frame
        with suppress(ProcessLookupError):
            os.kill(program, number)

    for number in _PASSED_ON:
        signal.signal(number, pass_on)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _PASSED_ON)
    status = os.waitstatus_to_exitcode(os.waitpid(program, 0)[1])
    if status < 0:
        with suppress(OSError):  # there are some that nobody takes
            signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    os._exit(status if status >= 0 else 1)


def _end_with(front: int) -> None:
    """Be asked to stop when the process in front is killed, which can pass on nothing then."""
    ctypes.CDLL(None).prctl(_SIGNAL_WHEN_PARENT_ENDS, signal.SIGTERM)
    if os.getppid() != front:
        os._exit(1)
