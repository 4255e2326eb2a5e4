"""Ports for the embedded servers: the one the environment names, else the usual one, else the next that is free."""

import fcntl
import os
import random
import socket
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from runtime.embedded.errors import PortTaken

LOOPBACK = "127.0.0.1"
ATTEMPTS = 200

# Below the range that operating systems take for outgoing connections, which could steal a port between two starts.
PRIVATE_RANGE = range(20_000, 30_000)


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Whether a server could listen on the port now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
    return port


class PortClaims:
    """The ports of one stack, claimed against other stacks of the same user until ``release``.

    A port is chosen well before its server listens on it, and a crashed server needs it again; a lock file per port
    keeps a second stack from choosing it in between. The locks end with the process.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or Path(tempfile.gettempdir()) / f"leadline-ports-{os.getuid()}"
        self._locks: dict[int, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def claim(self, *, named: int | None, usual: int, variable: str, host: str = LOOPBACK) -> int:
        """A port for one server.

        Args:
            named: The port that the environment asks for, taken or refused as it is.
            usual: Where the search for a free one begins otherwise.
            variable: The environment variable that names this port, for the message.
            host: The address the server will listen on.

        Raises:
            PortTaken: The named port is taken, or no free port was found.
        """
        if named is not None:
            if not self._claim(named, host):
                raise PortTaken(f"Port {named} ({variable}) is taken; free it, name another, or leave {variable} out.")
            return named
        for port in range(usual, min(usual + ATTEMPTS, 65_536)):
            if self._claim(port, host):
                return port
        raise PortTaken(f"No free port between {usual} and {usual + ATTEMPTS - 1}; name one by {variable}.")

    def claim_private(self) -> int:
        """A port that nobody is told about beforehand, away from the usual ones."""
        for port in random.sample(PRIVATE_RANGE, ATTEMPTS):
            if self._claim(port, LOOPBACK):
                return port
        raise PortTaken(f"No free port found between {PRIVATE_RANGE.start} and {PRIVATE_RANGE.stop - 1}.")

    def release(self) -> None:
        """Give all claimed ports back."""
        for descriptor in self._locks.values():
            os.close(descriptor)
        self._locks.clear()

    def _claim(self, port: int, host: str) -> bool:
        if port in self._locks:
            return False
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self._folder / f"{port}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            return False
        if not is_free(port, host):
            os.close(descriptor)
            return False
        self._locks[port] = descriptor
        return True
