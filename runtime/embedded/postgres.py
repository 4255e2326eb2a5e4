"""One PostgreSQL cluster of our own: its folder, its first set-up, its command line."""

import hashlib
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from runtime.embedded.errors import DatabaseUnusable
from runtime.embedded.postgres_programs import programs_for
from runtime.embedded.stale_postmaster import clear_stale_postmaster
from runtime.embedded.system_user import SystemUser, server_user, spawn_identity

HOST = "127.0.0.1"
SUPERUSER = "leadline"
DATABASE = "leadline"
SYSTEM_DATA = Path("/var/lib")

# A fresh cluster writes each segment full of zeros before it is used, and all who write wait for that: a quarter of the
# usual 16 MB is a quarter of the time. Source: PostgreSQL, "WAL Configuration".
SEGMENT_MEGABYTES = 4
# PostgreSQL's own, which initdb otherwise sets by the size of segments.
LOG_SIZES = ("--set=min_wal_size=80MB", "--set=max_wal_size=1GB")

# What the servers see of our environment: nothing that could change how they read the clock or sort text.
SERVER_ENVIRONMENT: Mapping[str, str] = {"LC_ALL": "C", "TZ": "UTC", "PATH": os.defpath}


def base_for(home: Path) -> Path:
    """Where the cluster of a home lies.

    As root PostgreSQL runs as a user who may not reach the home, so the data lies under /var/lib, named after the home.
    """
    if server_user() is None:
        return home / "postgres"
    return SYSTEM_DATA / f"leadline-{hashlib.sha256(str(home.resolve()).encode()).hexdigest()[:16]}"


@dataclass(frozen=True, slots=True)
class PostgresCluster:
    """A prepared cluster: ``base`` holds its data, its password and, if need be, a copy of the programs."""

    base: Path
    programs: Path
    password: str
    user: SystemUser | None

    @property
    def data(self) -> Path:
        """PostgreSQL's own folder; belongs to the user it runs as."""
        return self.base / "data"

    def command(self, port: int, options: Mapping[str, str] | None = None) -> list[str]:
        """The server's command line; it listens on the loopback address only and is stopped by SIGINT."""
        settings = {"listen_addresses": HOST, "unix_socket_directories": "", **(options or {})}
        flags = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [str(self.programs / "postgres"), "-D", str(self.data), "-p", str(port), *flags]

    def ready_command(self, port: int) -> list[str]:
        """A program that ends with 0 once the server takes connections."""
        return [str(self.programs / "pg_isready"), "-q", "-h", HOST, "-p", str(port), "-t", "2"]

    def dsn(self, port: int, database: str = DATABASE) -> str:
        """The address for clients, password included."""
        return f"postgresql://{SUPERUSER}:{self.password}@{HOST}:{port}/{database}"

    def prepare(self) -> None:
        """Make the data folder if it is missing, and clear what a killed server left in it. Safe to repeat.

        Raises:
            DatabaseUnusable: initdb failed, or the data is of another major version.
        """
        if not (self.data / "PG_VERSION").exists():
            _initialise(self)
        _check_version(self)
        clear_stale_postmaster(self.data, self.programs / "postgres")

    def execute(self, port: int, sql: str, *, database: str = "postgres") -> str:
        """Run statements by psql and return what they print, unaligned and without headers.

        Raises:
            DatabaseUnusable: A statement failed; the message is PostgreSQL's.
        """
        command = [str(self.programs / "psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"]
        done = subprocess.run(
            [*command, "-d", self.dsn(port, database)], input=sql, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise DatabaseUnusable(f"PostgreSQL refused a statement: {done.stderr.strip()}")
        return done.stdout.strip()

    def ensure_database(self, port: int, name: str = DATABASE) -> None:
        """Create the database unless it is there."""
        if not self.execute(port, f"SELECT 1 FROM pg_database WHERE datname = '{name}'"):  # noqa: S608 - a fixed name
            self.execute(port, f'CREATE DATABASE "{name}"')


def open_cluster(base: Path) -> PostgresCluster:
    """Find or make the folder, the password and runnable programs; the data follows with ``prepare``.

    Raises:
        DatabaseUnusable: The folder cannot be used.
    """
    user = server_user()
    try:
        base.mkdir(parents=True, exist_ok=True)
        base.chmod(0o755 if user else 0o700)
        password = _password(base)
        programs = programs_for(user, base)
    except OSError as error:
        raise DatabaseUnusable(
            f"The database folder {base} cannot be used ({error.strerror}); make it writable, or set DATABASE_URL."
        ) from error
    return PostgresCluster(base=base, programs=programs, password=password, user=user)


def _password(base: Path) -> str:
    """The superuser's password; it lies beside the data it opens, readable by the owner only."""
    path = base / "password"
    if path.exists():
        return path.read_text().strip()
    password = secrets.token_urlsafe(24)
    unfinished = base / "password.unfinished"
    unfinished.touch(mode=0o600)
    unfinished.write_text(password)
    unfinished.rename(path)
    return password


def _initialise(cluster: PostgresCluster) -> None:
    """Run initdb into a folder of another name, so that an interrupted one is never taken for a cluster."""
    unfinished = cluster.base / "data.unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    password_file = cluster.base / "password.initdb"
    password_file.unlink(missing_ok=True)
    password_file.touch(mode=0o600)
    password_file.write_text(cluster.password)
    if cluster.user is not None:
        cluster.user.owns(unfinished)
        cluster.user.owns(password_file)
    try:
        _run_initdb(cluster, _initdb_command(cluster.programs, unfinished, password_file))
    finally:
        password_file.unlink(missing_ok=True)
    unfinished.rename(cluster.data)


def _initdb_command(programs: Path, data: Path, password_file: Path) -> list[str]:
    locale = "C" if sys.platform == "darwin" else "C.UTF-8"
    return [
        *(str(programs / "initdb"), "-D", str(data), "-U", SUPERUSER, "--no-sync"),
        *(f"--wal-segsize={SEGMENT_MEGABYTES}", *LOG_SIZES),
        *("-A", "scram-sha-256", f"--pwfile={password_file}", "-E", "UTF8", f"--locale={locale}"),
    ]


def _run_initdb(cluster: PostgresCluster, command: Sequence[str]) -> None:
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        cwd=cluster.base,
        env=dict(SERVER_ENVIRONMENT),
        **spawn_identity(cluster.user),
    )
    if done.returncode != 0:
        last = (done.stderr.strip() or done.stdout.strip() or "no message").splitlines()[-1]
        raise DatabaseUnusable(
            f"PostgreSQL could not set up its data in {cluster.base} ({last}). Free some space or mend the folder's"
            " permissions, or set DATABASE_URL."
        )


def _check_version(cluster: PostgresCluster) -> None:
    """Refuse data written by another major version, which the server would refuse less clearly."""
    found = (cluster.data / "PG_VERSION").read_text().strip()
    done = subprocess.run([cluster.programs / "postgres", "--version"], capture_output=True, text=True, check=False)
    own = done.stdout.split()[-1].split(".")[0] if done.returncode == 0 and done.stdout else "unknown"
    if found != own:
        raise DatabaseUnusable(
            f"The data in {cluster.data} was written by PostgreSQL {found} and this is PostgreSQL {own}: dump it with"
            f" pg_dump {found}, move the folder away and load the dump, or set DATABASE_URL."
        )
