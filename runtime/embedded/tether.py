"""Ties a child to its parent, so that a supervisor killed with SIGKILL does not leave servers behind."""

import signal
import subprocess
import sys
from collections.abc import Sequence
from functools import cache


@cache
def _setpriv() -> str | None:
    """The util-linux program that sets a signal to be delivered when the parent dies, where there is one.

    A hook between fork and exec could do the same, but Python calls it unsafe beside threads.
    """
    if sys.platform != "linux":
        return None
    try:
        done = subprocess.run(["setpriv", "--pdeathsig", "TERM", "true"], capture_output=True, check=False, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return "setpriv" if done.returncode == 0 else None


def tethered(command: Sequence[str], stop_signal: signal.Signals) -> list[str]:
    """The command, wrapped so that ``stop_signal`` reaches it when the thread that started it ends.

    Start it from a thread that lives as long as the process does. The wrapper replaces itself by the command: the
    process id stays. Without setpriv (macOS, some small Linux systems) the command comes back as it is.
    """
    setpriv = _setpriv()
    if setpriv is None:
        return list(command)
    return [setpriv, "--pdeathsig", stop_signal.name.removeprefix("SIG"), *command]
