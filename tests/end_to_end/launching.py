"""``./leadline`` as a person runs it, and what the pretend Retell witnessed."""

import json
import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

PROJECT = Path(__file__).resolve().parents[2]
POLL_SECONDS = 0.1
DEADLINE_SECONDS = 120.0
PASSWORD = "a password for tests"

# Whatever the machine that runs the tests is configured for stays out.
CONFIGURED = ("RETELL_", "DATABASE_", "TEMPORAL_", "LEADLINE_", "PAGERDUTY_", "SLACK_")
ALL_WEEK = [{"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "opens": "00:00", "closes": "24:00"}]


def environment(home: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(CONFIGURED)}
    return kept | {"LEADLINE_HOME": str(home)} | more


def wait_until(look: Callable[[], object], what: str) -> None:
    """Wait for an answer that isn't empty; slow machines are given much longer than they need."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not look():
        if time.monotonic() > deadline:
            pytest.fail(f"not within {DEADLINE_SECONDS:.0f} s: {what}")
        time.sleep(POLL_SECONDS)


def calls_by_attempt(state: Path) -> Mapping[str, int]:
    """How many calls the pretend Retell accepted for each attempt."""
    entries = [json.loads(line) for line in state.read_text().splitlines()]
    accepted = [entry["call"] for entry in entries if entry["entry"] == "accepted"]
    return Counter(call["metadata"]["attempt_id"] for call in accepted)


class Running:
    """``./leadline up`` in a process group of its own."""

    def __init__(self, home: Path, port: int) -> None:
        self.home = home
        self._environment = environment(home, LEADLINE_PORT=str(port), LEADLINE_ADMIN_PASSWORD=PASSWORD)
        self._log = (home.parent / "up.log").open("ab")
        self._process = self._start()

    def again(self) -> None:
        self._process = self._start()

    def kill(self) -> None:
        """End the supervisor and all that it started, as a power switch would."""
        group = os.getpgid(self._process.pid)
        children = [int(pid) for pid in _descendants(self._process.pid)]
        os.killpg(group, signal.SIGKILL)
        for pid in children:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self._process.wait()

    def stop(self) -> int:
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(timeout=DEADLINE_SECONDS)

    def close(self) -> None:
        if self._process.poll() is None:
            self.kill()
        self._log.close()

    @contextmanager
    def signed_in(self) -> Iterator[httpx.Client]:
        wait_until(self._is_ready, "readiness")
        with httpx.Client(base_url=f"{self._addresses()['api']}/api/v1", timeout=60, trust_env=False) as api:
            token = api.post("/auth/token", data={"username": "admin@localhost", "password": PASSWORD}).json()
            api.headers["Authorization"] = f"Bearer {token['access_token']}"
            yield api

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [PROJECT / "leadline", "up"],
            env=self._environment,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
        )

    def _addresses(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.home / "addresses.json").read_text())
        return found

    def _is_ready(self) -> bool:
        if self._process.poll() is not None:
            pytest.fail(f"./leadline up ended with status {self._process.returncode}")
        try:
            return httpx.get(f"{self._addresses()['api']}/readyz", trust_env=False).status_code == 200
        except (httpx.HTTPError, FileNotFoundError):
            return False


def _descendants(pid: int) -> list[str]:
    children = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False).stdout.split()
    return children + [deeper for child in children for deeper in _descendants(int(child))]
