"""Orphans of a killed supervisor are ended; strangers are not."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.embedded.process_records import ProcessRecords, identity_of
from tests.patience import PATIENCE_SECONDS

FOREVER = [sys.executable, "-c", "import signal; print('up', flush=True); signal.pause()"]
DEAF = [
    sys.executable,
    "-c",
    "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); signal.pause()",
]


@pytest.fixture
def started() -> Iterator[list["subprocess.Popen[bytes]"]]:
    processes: list[subprocess.Popen[bytes]] = []
    yield processes
    for process in processes:
        process.kill()
        process.communicate()


def start(started: list["subprocess.Popen[bytes]"], command: list[str]) -> "subprocess.Popen[bytes]":
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    started.append(process)
    assert process.stdout is not None
    process.stdout.readline()
    return process


@pytest.mark.parametrize(
    ("command", "ended_by"),
    [pytest.param(FOREVER, signal.SIGTERM, id="listens"), pytest.param(DEAF, signal.SIGKILL, id="does-not-listen")],
)
def test_an_orphan_is_ended_by_the_next_start(
    tmp_path: Path, started: list["subprocess.Popen[bytes]"], command: list[str], ended_by: signal.Signals
) -> None:
    orphan = start(started, command)
    ProcessRecords(tmp_path / "processes.json").add("worker", orphan.pid, signal.SIGTERM, 0.5)
    said: list[str] = []
    ProcessRecords(tmp_path / "processes.json").end_orphans(said.append)
    assert orphan.wait(timeout=PATIENCE_SECONDS) == -ended_by
    assert f"worker (process {orphan.pid})" in said[0]


def test_a_stranger_with_a_recycled_id_is_left_alone(tmp_path: Path, started: list["subprocess.Popen[bytes]"]) -> None:
    stranger = start(started, FOREVER)
    path = tmp_path / "processes.json"
    ProcessRecords(path).add("worker", stranger.pid, signal.SIGTERM, 5.0)
    (record,) = json.loads(path.read_text())
    path.write_text(json.dumps([record | {"identity": "an earlier process"}]))
    ProcessRecords(path).end_orphans(pytest.fail)
    assert stranger.poll() is None


def test_a_process_that_ended_has_no_identity(started: list["subprocess.Popen[bytes]"]) -> None:
    process = start(started, FOREVER)
    assert identity_of(process.pid) is not None
    process.kill()
    process.wait()
    assert identity_of(process.pid) is None


@pytest.mark.parametrize("content", ["", "nonsense", '[{"pid": 1}]', "{}"])
def test_a_file_that_makes_no_sense_ends_nobody(tmp_path: Path, content: str) -> None:
    path = tmp_path / "processes.json"
    path.write_text(content)
    ProcessRecords(path).end_orphans(pytest.fail)
    assert not path.exists()
