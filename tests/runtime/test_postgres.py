"""The embedded cluster after accidents."""

import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from runtime.embedded.errors import DatabaseUnusable
from runtime.embedded.postgres import open_cluster
from runtime.embedded.temporary_postgres import TemporaryPostgres, temporary_postgres


@pytest.fixture(scope="module")
def server() -> Iterator[TemporaryPostgres]:
    with temporary_postgres() as server:
        yield server


def test_a_pid_file_that_names_a_stranger_is_removed_and_the_stranger_lives(
    server: TemporaryPostgres, tmp_path: Path
) -> None:
    cluster = replace(server.cluster, base=tmp_path)
    cluster.data.mkdir()
    (cluster.data / "PG_VERSION").write_text((server.cluster.data / "PG_VERSION").read_text())
    pid_file = cluster.data / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n{cluster.data}\n")
    cluster.prepare()
    assert not pid_file.exists()


def test_data_of_another_major_version_is_refused_with_what_to_do(server: TemporaryPostgres, tmp_path: Path) -> None:
    cluster = replace(server.cluster, base=tmp_path)
    cluster.data.mkdir()
    (cluster.data / "PG_VERSION").write_text("12\n")
    with pytest.raises(DatabaseUnusable, match=r"written by PostgreSQL 12 .* pg_dump 12"):
        cluster.prepare()


def test_a_server_that_nobody_recorded_is_ended_before_the_next_start() -> None:
    with temporary_postgres() as forgotten:
        pid = int((forgotten.cluster.data / "postmaster.pid").read_text().splitlines()[0])
        forgotten.cluster.prepare()
        with pytest.raises(DatabaseUnusable):
            forgotten.cluster.execute(forgotten.port, "SELECT 1")
        assert not _is_running(pid)


def test_an_interrupted_first_set_up_is_done_again() -> None:
    with tempfile.TemporaryDirectory() as folder:  # not below pytest's own, which is closed to the server's user
        Path(folder).chmod(0o755)
        cluster = open_cluster(Path(folder) / "base")
        (cluster.base / "data.unfinished").mkdir()
        (cluster.base / "data.unfinished" / "PG_VERSION").write_text("18\n")
        cluster.prepare()
        assert (cluster.data / "global" / "pg_control").exists()
        assert not (cluster.base / "password.initdb").exists()
        assert open_cluster(cluster.base).password == cluster.password


def test_the_data_is_closed_to_others(server: TemporaryPostgres) -> None:
    assert server.cluster.data.stat().st_mode & 0o077 == 0
    assert (server.cluster.base / "password").stat().st_mode & 0o077 == 0


def _is_running(pid: int) -> bool:
    done = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return bool(done.stdout.strip()) and not done.stdout.startswith("Z")


def test_a_killed_server_comes_back_with_what_was_committed() -> None:
    with temporary_postgres({"fsync": "on", "synchronous_commit": "on"}) as server:
        server.create_database("kept")
        server.cluster.execute(server.port, "CREATE TABLE t AS SELECT 7 AS seven", database="kept")
        pid = int((server.cluster.data / "postmaster.pid").read_text().splitlines()[0])
        os.kill(pid, signal.SIGKILL)
        server.restart()
        assert server.cluster.execute(server.port, "SELECT seven FROM t", database="kept") == "7"
