"""How much memory the processes of a stack take, at most."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

PARTS = ("api", "worker")
KIBIBYTE = 1024


class Memory:
    """Looks now and then; what was taken between two looks isn't seen."""

    def __init__(self, processes_file: Path) -> None:
        processes = json.loads(processes_file.read_text())
        self._pids = {one["name"]: int(one["pid"]) for one in processes if one["name"] in PARTS}
        self.before = self._look()
        self.peak = dict(self.before)

    def look(self) -> None:
        for name, size in self._look().items():
            self.peak[name] = max(self.peak[name], size)

    def grown(self, name: str) -> int:
        """Bytes at the peak beyond those at the beginning."""
        return self.peak[name] - self.before[name]

    def _look(self) -> Mapping[str, int]:
        return {name: resident_bytes(pid) for name, pid in self._pids.items()}


def resident_bytes(pid: int) -> int:
    """The memory that a process holds, 0 when it is gone."""
    done = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return int(done.stdout.strip() or 0) * KIBIBYTE
