"""The witness log: one JSON line for everything that must survive the death of this process."""

import json
from collections.abc import Iterator
from pathlib import Path

from simulator.wire import JsonObject


class Journal:
    """Appends to a file, or to nothing when there is none.

    A line is in the kernel's hands before ``write`` returns, so ``kill -9`` loses nothing; a power cut may.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._file = None
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("ab", buffering=0)

    def write(self, entry: str, **facts: object) -> None:
        if self._file is not None:
            line = json.dumps({"entry": entry, **facts}, separators=(",", ":"))
            self._file.write(f"{line}\n".encode())

    def read(self) -> Iterator[JsonObject]:
        """Every whole line so far; one that a dying process left unfinished is closed off and passed over."""
        if self._path is None or self._file is None:
            return
        unfinished = False
        with self._path.open("rb") as lines:
            for line in lines:
                unfinished = not line.endswith(b"\n")
                if not unfinished and line.strip():
                    try:
                        yield json.loads(line)
                    except ValueError:
                        continue
        if unfinished:
            self._file.write(b"\n")

    def clear(self) -> None:
        if self._file is not None:
            self._file.truncate(0)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
