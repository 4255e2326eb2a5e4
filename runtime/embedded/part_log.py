"""The log of one part: appended to by every run, set aside when it has grown large."""

from pathlib import Path
from typing import BinaryIO

LARGEST_BYTES = 5_000_000
KEPT = 3
TAIL_LINES = 12
TAIL_BYTES = 8_000


def open_log(path: Path) -> BinaryIO:
    """Open for appending; a log over 5 MB is renamed to ``.1`` first, and three old ones are kept."""
    if path.exists() and path.stat().st_size > LARGEST_BYTES:
        for number in range(KEPT, 0, -1):
            older = path if number == 1 else path.with_name(f"{path.name}.{number - 1}")
            if older.exists():
                older.replace(path.with_name(f"{path.name}.{number}"))
    return path.open("ab")


def tail(path: Path) -> str:
    """The last lines, indented, for a person who wants to know why the part failed."""
    try:
        with path.open("rb") as log:
            log.seek(max(0, path.stat().st_size - TAIL_BYTES))
            text = log.read().decode(errors="replace")
    except FileNotFoundError:
        return "    (the log is empty)"
    lines = text.splitlines()[-TAIL_LINES:]
    return "\n".join(f"    {line}" for line in lines) or "    (the log is empty)"
