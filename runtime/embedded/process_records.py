"""Which processes a supervisor started, written down so that its successor can end those that outlived it.

A process is known by its id and the moment it started, since ids are used again.
"""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from runtime.embedded.home import write_privately

POLL_SECONDS = 0.05
KILL_DEADLINE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class ProcessRecord:
    """One started process: ``identity`` tells it from a later one with the same id."""

    name: str
    pid: int
    identity: str
    stop_signal: int
    stop_timeout_seconds: float


def identity_of(pid: int) -> str | None:
    """What tells this process from every other that had or will have its id; None when no such process lives.

    On Linux the boot and the clock tick of its start, which no change of the clock touches; elsewhere what ``ps`` says.
    """
    proc = Path("/proc")
    if (proc / "self/stat").exists():
        try:
            fields = (proc / str(pid) / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            return None
        state, started = fields[0], fields[19]
        boot = (proc / "sys/kernel/random/boot_id").read_text().strip()
        return None if state in "ZX" else f"{boot}:{started}"
    done = subprocess.run(
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False, env={"LC_ALL": "C"}
    )
    state, _, started = done.stdout.strip().partition(" ")
    return started.strip() if state and not state.startswith("Z") else None


class ProcessRecords:
    """The list in one home; only the holder of the home's lock uses it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._records: dict[int, ProcessRecord] = {}

    def add(self, name: str, pid: int, stop_signal: signal.Signals, stop_timeout_seconds: float) -> None:
        """Write a started process down."""
        identity = identity_of(pid)
        if identity is None:  # already gone
            return
        self._records[pid] = ProcessRecord(name, pid, identity, int(stop_signal), stop_timeout_seconds)
        self._write()

    def remove(self, pid: int) -> None:
        """Strike a process that has ended."""
        if self._records.pop(pid, None) is not None:
            self._write()

    def end_orphans(self, say: Callable[[str], None]) -> None:
        """End what a killed predecessor left running; a stranger that has one of the ids by now is left alone.

        Blocks until all have ended, last started first, as in an orderly stop.
        """
        orphans = [record for record in self._read() if identity_of(record.pid) == record.identity]
        for record in reversed(orphans):
            say(f"Ending {record.name} (process {record.pid}), left over from a run that was killed")
            _end(record)
        self._records.clear()
        self._path.unlink(missing_ok=True)

    def _read(self) -> list[ProcessRecord]:
        try:
            return [ProcessRecord(**entry) for entry in json.loads(self._path.read_text())]
        except FileNotFoundError:
            return []
        except (ValueError, TypeError):  # not ours, or of another version: nothing in it can be trusted
            return []

    def _write(self) -> None:
        write_privately(self._path, json.dumps([asdict(record) for record in self._records.values()]))


def _end(record: ProcessRecord) -> None:
    for chosen, patience in (
        (record.stop_signal, record.stop_timeout_seconds),
        (signal.SIGKILL, KILL_DEADLINE_SECONDS),
    ):
        deadline = time.monotonic() + patience
        try:
            os.kill(record.pid, chosen)
        except (ProcessLookupError, PermissionError):
            return
        while time.monotonic() < deadline:
            if identity_of(record.pid) != record.identity:
                return
            time.sleep(POLL_SECONDS)
