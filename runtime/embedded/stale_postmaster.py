"""What a killed PostgreSQL leaves behind: a pid file that may name a stranger, or a server nobody knows of."""

import os
import signal
import sys
import time
from pathlib import Path

STOP_DEADLINE_SECONDS = 20


def clear_stale_postmaster(data: Path, program: Path) -> None:
    """Remove a pid file that names no server of this folder; end the server that it does name.

    PostgreSQL itself refuses to start while the recorded pid belongs to any process of its user, so a recycled pid
    would keep the database down. Call only while holding the lock of the home, with no server of ours running.
    """
    pid_file = data / "postmaster.pid"
    try:
        pid = abs(int(pid_file.read_text().splitlines()[0]))
    except (FileNotFoundError, ValueError, IndexError):
        return
    if sys.platform != "linux":  # elsewhere PostgreSQL's own check has to do
        return
    _end(pid, data, program)
    pid_file.unlink(missing_ok=True)


def _serves(pid: int, data: Path, program: Path) -> bool:
    """Whether the process is a living PostgreSQL that works in this folder."""
    process = Path("/proc") / str(pid)
    try:
        folder = (process / "cwd").readlink()
        name = (process / "comm").read_text().strip()
    except OSError:  # gone, a zombie, or somebody else's
        return False
    return name == program.name and folder == data.resolve()


def _end(pid: int, data: Path, program: Path) -> None:
    """Stop the server fast but orderly, and hard when it does not listen."""
    deadline = time.monotonic() + STOP_DEADLINE_SECONDS
    while _serves(pid, data, program):
        os.kill(pid, signal.SIGINT if time.monotonic() < deadline else signal.SIGKILL)
        time.sleep(0.05)
