"""A PostgreSQL for the length of a ``with`` block: tests and measurements, never data that matters."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from runtime.embedded.errors import DatabaseUnusable
from runtime.embedded.ports import free_port
from runtime.embedded.postgres import SERVER_ENVIRONMENT, PostgresCluster, open_cluster
from runtime.embedded.system_user import spawn_identity
from runtime.embedded.tether import tethered

READY_DEADLINE_SECONDS = 30
POLL_SECONDS = 0.02

# Nothing survives this server, so nothing is worth waiting for the disk.
FAST_AND_FORGETFUL: Mapping[str, str] = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "autovacuum_naptime": "10min",
    "max_wal_size": "128MB",
}

BY_FILES = "FILE_COPY"
"""Databases are copied as files: nobody needs them in the log, through which PostgreSQL copies otherwise."""

MEMORY = Path("/dev/shm")  # noqa: S108 - a folder with a name of its own is made in it
LEAST_MEMORY_BYTES = 2 * 1024**3
"""A new database is more than 500 files: where making files is slow it took 0.4 s of the processor, in memory 0.02."""


class TemporaryPostgres:
    """A running server; databases are made and dropped through it."""

    def __init__(self, cluster: PostgresCluster, options: Mapping[str, str]) -> None:
        """Start the server on a free port and wait until it takes connections.

        Raises:
            DatabaseUnusable: It did not start; the message shows the end of its log.
        """
        self.cluster = cluster
        self.port = free_port()
        self._options = options
        self._server = self._start()

    @property
    def admin_dsn(self) -> str:
        """The address of the maintenance database, as the superuser."""
        return self.dsn("postgres")

    def dsn(self, database: str) -> str:
        """The address of one database, as the superuser."""
        return self.cluster.dsn(self.port, database)

    def create_database(self, name: str, *, template: str = "template1") -> str:
        """Copy a database nobody is connected to, and return the new one's address."""
        self.cluster.execute(self.port, f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY {BY_FILES}')
        return self.dsn(name)

    def drop_database(self, name: str) -> None:
        """Drop a database and end whoever is still connected to it."""
        self.cluster.execute(self.port, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def restart(self) -> None:
        """Start again on the same data and port, after the server was killed or stopped."""
        self.stop()
        self._server = self._start()

    def stop(self) -> None:
        """Stop without a checkpoint: what was committed is recovered at the next start, if there is one."""
        self._server.send_signal(signal.SIGQUIT)
        self._server.wait()

    def _start(self) -> "subprocess.Popen[bytes]":
        command = tethered(self.cluster.command(self.port, self._options), signal.SIGQUIT)
        with (self.cluster.base / "log").open("ab") as log:
            server = subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                cwd=self.cluster.base,
                env=dict(SERVER_ENVIRONMENT),
                start_new_session=True,
                **spawn_identity(self.cluster.user),
            )
        deadline = time.monotonic() + READY_DEADLINE_SECONDS
        while subprocess.run(self.cluster.ready_command(self.port), check=False).returncode != 0:
            if server.poll() is not None or time.monotonic() > deadline:
                server.kill()
                server.wait()
                log_text = (self.cluster.base / "log").read_text(errors="replace")
                raise DatabaseUnusable(f"PostgreSQL did not start: {log_text[-2000:]}")
            time.sleep(POLL_SECONDS)
        return server


@contextmanager
def temporary_postgres(options: Mapping[str, str] | None = None) -> Iterator[TemporaryPostgres]:
    """A fresh server, removed with all its data afterwards.

    Call from the main thread: the server ends with the thread that started it.

    Raises:
        DatabaseUnusable: The server did not start; the message shows the end of its log.
    """
    base = Path(tempfile.mkdtemp(prefix="leadline-postgres-", dir=_quickest_folder()))
    try:
        cluster = open_cluster(base)
        cluster.prepare()
        server = TemporaryPostgres(cluster, {**FAST_AND_FORGETFUL, **(options or {})})
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(base, ignore_errors=True)


def _quickest_folder() -> Path | None:
    """In memory, where there is plenty of it; None for where temporary files usually are."""
    try:
        has_room = shutil.disk_usage(MEMORY).free >= LEAST_MEMORY_BYTES
    except OSError:
        return None
    return MEMORY if has_room and os.access(MEMORY, os.W_OK) else None
