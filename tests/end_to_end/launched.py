"""The whole system through ``./leadline``, as a person starts it: a process, its output and its state folder."""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import pytest

from runtime.embedded.postgres import base_for

PROJECT = Path(__file__).resolve().parents[2]
POLL_SECONDS = 0.1
DEADLINE_SECONDS = 150.0  # far longer than it takes: a machine may be slow

# Whatever the machine that runs the tests is configured for stays out.
CONFIGURED = ("RETELL_", "DATABASE_", "TEMPORAL_", "LEADLINE_", "PAGERDUTY_", "SLACK_")

Found = TypeVar("Found")


def wait_until(look: Callable[[], Found], what: str) -> Found:
    """The first answer that isn't empty."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not (found := look()):
        if time.monotonic() > deadline:
            pytest.fail(f"not within {DEADLINE_SECONDS:.0f} s: {what}")
        time.sleep(POLL_SECONDS)
    return found


class Launched:
    """One run of a command; ``state`` is where its stack keeps what must last."""

    def __init__(self, home: Path, state: Path, arguments: list[str], variables: Mapping[str, str]) -> None:
        home.mkdir(exist_ok=True)
        self.state = state
        self._output = home / "output.txt"
        kept = {name: value for name, value in os.environ.items() if not name.startswith(CONFIGURED) and name != "PORT"}
        with self._output.open("w") as output:
            self.process = subprocess.Popen(
                [PROJECT / "leadline", *arguments],
                env=kept | {"LEADLINE_HOME": str(home)} | dict(variables),
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        return self._output.read_text()

    def wait_for(self, words: str) -> None:
        """Until the output says so."""
        wait_until(lambda: words in self.output or self.process.poll() is not None, f"{words!r} in {self._output}")
        assert words in self.output, self.output

    def ended(self) -> int:
        """The exit status, once it has ended by itself or after a signal."""
        return self.process.wait(DEADLINE_SECONDS)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.ended()

    def kill_everything(self) -> None:
        """SIGKILL for the supervisor's group and for every part, which has a group of its own."""
        parts = [record["pid"] for record in json.loads((self.state / "processes.json").read_text())]
        for group in [self.process.pid, *parts]:
            os.killpg(group, signal.SIGKILL)
        self.process.wait()

    def addresses(self) -> dict[str, str]:
        found: dict[str, str] = json.loads((self.state / "addresses.json").read_text())
        return found

    def accepted_calls(self) -> list[dict[str, Any]]:
        """Every call that the simulator ever took on, by its own journal."""
        lines = (self.state / "simulator.jsonl").read_text().splitlines(keepends=True)
        entries = [json.loads(line) for line in lines if line.endswith("\n")]
        return [entry["call"] for entry in entries if entry["entry"] == "accepted"]

    def clean_up(self) -> None:
        """End what a failed test left, and remove the database, which lies elsewhere for root."""
        if self.process.poll() is None:
            self.kill_everything()
        shutil.rmtree(base_for(self.state), ignore_errors=True)


def attempts_of(calls: list[dict[str, Any]]) -> list[str]:
    """Which attempts the simulator's calls belong to."""
    return [call["metadata"]["attempt_id"] for call in calls]
