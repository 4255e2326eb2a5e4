"""Sets up the virtual environment of this clone and runs a command in it. Standard library only.

Safe to repeat, to interrupt, and to run twice at once: a lock on the clone's folder lets one work and the other wait,
and the stamp that says "done" is written last. Repeated without a change it takes a few hundredths of a second.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import FrameType
from typing import NoReturn

from runtime.bootstrap_pip import SetUpError, install, pip_wheel, unpacked_pip

OLDEST_PYTHON = (3, 11)
ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv"
STAMP = ENVIRONMENT / "set-up.stamp"
UNFINISHED = ENVIRONMENT / "set-up.unfinished"
# Not the environment's own: that one is removed when the environment is made anew.
PYTHON = os.path.realpath(sys.executable)
VENV_REMEDY = "install it (Debian, Ubuntu: sudo apt install python3-venv) and run this again."


def lock_file(command: str) -> Path:
    """The pinned packages that a command needs; the tests bring their own."""
    return ROOT / "requirements" / ("test.txt" if command == "test" else "run.txt")


def fingerprint(lock: Path) -> str:
    """What has to be the same for the environment to be still right: the pinned packages and the Python."""
    return f"{lock.name} {hashlib.sha256(lock.read_bytes()).hexdigest()} {sys.version.split()[0]} {os.uname().machine}"


def is_set_up(lock: Path) -> bool:
    """Whether the environment holds these packages."""
    try:
        return fingerprint(lock) in STAMP.read_text().splitlines()
    except OSError:
        return False


def set_up(lock: Path, lock_descriptor: int) -> None:
    """Make or complete the environment.

    Raises:
        SetUpError: One sentence with the remedy.
        OSError: The folder cannot be written, or the disk is full.
    """
    began = time.monotonic()
    wheel = pip_wheel()
    stale = UNFINISHED.exists() or not (ENVIRONMENT / "bin" / "python").exists() or _other_python()
    if stale:
        shutil.rmtree(ENVIRONMENT, ignore_errors=True)
        _make_environment(with_pip=wheel is None)
    STAMP.unlink(missing_ok=True)
    UNFINISHED.touch()
    with tempfile.TemporaryDirectory(prefix="leadline-pip-") as folder:
        pip_path = unpacked_pip(wheel, Path(folder)) if wheel is not None else None
        packages, megabytes = install(ENVIRONMENT, lock, pip_path, lock_descriptor)
    stamps = [fingerprint(lock)] + ([fingerprint(lock_file("up"))] if lock.name == "test.txt" else [])
    UNFINISHED.unlink()
    unfinished_stamp = STAMP.with_suffix(".new")
    unfinished_stamp.write_text("\n".join(stamps) + "\n")
    unfinished_stamp.replace(STAMP)
    print(f"Set up: {packages} packages, {megabytes:.0f} MB, in {time.monotonic() - began:.0f} s", flush=True)


def _make_environment(*, with_pip: bool) -> None:
    """Run Python's venv module in a process of its own: some systems ship Python without it."""
    command = [PYTHON, "-m", "venv", *([] if with_pip else ["--without-pip"]), str(ENVIRONMENT)]
    made = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if made.returncode == 0:
        return
    if "No module named" in made.stdout or "ensurepip" in made.stdout:
        raise SetUpError(f"This Python has no complete venv module: {VENV_REMEDY}")
    said = made.stdout.strip().splitlines()[-1:] or ["no reason given"]
    raise SetUpError(f"The environment {ENVIRONMENT} cannot be made ({said[0]}): make {ROOT} writable and try again.")


def _other_python() -> bool:
    """Whether the environment belongs to another Python than the one that runs."""
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    return not (ENVIRONMENT / "lib" / version / "site-packages").is_dir()


def ensure_set_up(lock: Path) -> None:
    """Set up unless that has been done; wait for another set-up of the same clone.

    Raises:
        SetUpError: One sentence with the remedy.
    """
    if is_set_up(lock):
        return
    descriptor = os.open(ROOT, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            print("Another set-up of this clone runs; waiting for it", flush=True)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        if not is_set_up(lock):
            set_up(lock, descriptor)
    except OSError as error:
        raise SetUpError(
            f"The environment {ENVIRONMENT} cannot be written ({error.strerror or error}): make the folder writable,"
            " free some space, or clone to another place, and run this again."
        ) from error
    finally:
        os.close(descriptor)


def main(arguments: list[str]) -> None:
    """Set up, then become the command; returns only by an exit."""
    if sys.version_info < OLDEST_PYTHON:
        fail(f"Leadline needs Python 3.11 or newer; this is {sys.version.split()[0]}.")
    signal.signal(signal.SIGTERM, _interrupted)
    try:
        ensure_set_up(lock_file(arguments[0] if arguments else "--help"))
    except SetUpError as error:
        fail(str(error))
    except KeyboardInterrupt:
        fail("Interrupted; the next run does the set-up again.", status=130)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.chdir(ROOT)
    python = str(ENVIRONMENT / "bin" / "python")
    os.execv(python, [python, "-m", "commands", *arguments])  # noqa: S606 - our own interpreter, no shell wanted


def fail(sentence: str, status: int = 1) -> NoReturn:
    """End with one sentence for the person at the terminal."""
    print(sentence, file=sys.stderr, flush=True)
    sys.exit(status)


def _interrupted(number: int, frame: FrameType | None) -> None:
    del number, frame
    raise KeyboardInterrupt


if __name__ == "__main__":
    main(sys.argv[1:])
