"""The README's first command."""

import re
import socket
import subprocess
from pathlib import Path

import pytest

from tests.end_to_end.launching import DEADLINE_SECONDS, PROJECT, calls_by_attempt, environment

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(180)]


def test_the_demo_calls_every_lead_once_an_attempt_and_never_a_real_account(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as real_account:
        real_account.setblocking(False)
        address = f"http://127.0.0.1:{real_account.getsockname()[1]}"
        ended = subprocess.run(
            [PROJECT / "leadline", "demo", "--leads", "12", "--exit"],
            env=environment(home, RETELL_API_KEY="key_of_a_real_account", RETELL_BASE_URL=address),
            capture_output=True,
            text=True,
            timeout=DEADLINE_SECONDS,
            check=False,
        )
        with pytest.raises(BlockingIOError):
            real_account.accept()
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert re.search(r"12 of 12 called, \d+ reached", ended.stdout)
    assert re.search(r"waits for \w{3} 09:00 \w+/\w+", ended.stdout)
    calls = calls_by_attempt(home / "demo" / "simulator.jsonl")
    assert len(calls) >= 12
    assert set(calls.values()) == {1}
