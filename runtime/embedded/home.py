"""The state folder (LEADLINE_HOME): its lock, its secrets, its addresses, its logs."""

import fcntl
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from runtime.embedded.errors import HomeInUse, HomeUnusable

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700


@dataclass(frozen=True, slots=True)
class Home:
    """An absolute folder that belongs to one running stack at a time."""

    folder: Path

    @property
    def logs(self) -> Path:
        """Where each part writes a log of its own."""
        return self.folder / "logs"

    @property
    def addresses_file(self) -> Path:
        """Where other programs find the running stack; contains the database password, so only the owner reads it."""
        return self.folder / "addresses.json"

    @property
    def processes_file(self) -> Path:
        """Which processes the running stack has started."""
        return self.folder / "processes.json"

    def write_addresses(self, addresses: Mapping[str, str | None]) -> None:
        """Publish the addresses; readers see all of the old or all of the new."""
        write_privately(self.addresses_file, json.dumps(dict(addresses), indent=2) + "\n")

    def withdraw_addresses(self) -> None:
        """Nothing runs here any more."""
        self.addresses_file.unlink(missing_ok=True)

    def secret(self, name: str, *, length_bytes: int = 32) -> tuple[str, bool]:
        """A secret that is generated once and kept, and whether it was generated just now."""
        path = self.folder / "secrets.json"
        kept: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
        if name in kept:
            return kept[name], False
        kept[name] = secrets.token_urlsafe(length_bytes)
        write_privately(path, json.dumps(kept, indent=2) + "\n")
        return kept[name], True


def write_privately(path: Path, content: str) -> None:
    """Replace a file at once by one that only its owner can read."""
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.unfinished")
    unfinished.unlink(missing_ok=True)
    unfinished.touch(mode=PRIVATE_FILE)
    unfinished.write_text(content)
    unfinished.replace(path)


@contextmanager
def locked_home(folder: Path) -> Iterator[Home]:
    """Make the folder if need be and hold it for this process; the lock ends with the process, however it ends.

    Raises:
        HomeUnusable: The folder cannot be made or written.
        HomeInUse: Another supervisor holds it.
    """
    home = Home(folder.absolute())
    try:
        home.logs.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        home.folder.chmod(PRIVATE_FOLDER)
        descriptor = os.open(home.folder / "lock", os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
    except OSError as error:
        raise HomeUnusable(
            f"The state folder {home.folder} cannot be written ({error.strerror}); mend its permissions or set"
            " LEADLINE_HOME to another folder."
        ) from error
    try:
        _take(descriptor, home)
        yield home
    finally:
        os.close(descriptor)


def _take(descriptor: int, home: Home) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        pid = os.pread(descriptor, 20, 0).decode(errors="replace").strip() or "unknown"
        raise HomeInUse(
            f"Leadline already runs on {home.folder} (process {pid}); stop it first, or set LEADLINE_HOME to another"
            " folder."
        ) from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
