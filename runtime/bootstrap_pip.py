"""Installs locked packages by pip, shows how far it is, and says in one sentence what went wrong."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

PINNED = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*==")
LOADING = re.compile(r"^\s*(?:Downloading|Using cached) \S+ \(([\d.]+) ([kMG]?B)\)")
LOCAL = re.compile(r"^Processing (\S+\.whl)")
BEGUN = re.compile(r"^(?:Collecting|Processing) ")
MEGABYTES = {"B": 1e-6, "kB": 1e-3, "MB": 1.0, "GB": 1e3}

# Settings of a person's pip that would put packages elsewhere or leave some out. Mirrors and proxies stay.
MISLEADING = (
    *("PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_REQUIRE_VIRTUALENV", "PIP_DRY_RUN"),
    *("PYTHONPATH", "PYTHONHOME"),
)

# What pip prints, and what a person can do about it; the first that matches is the cause, the rest its consequences.
REMEDIES = {
    r"No space left on device": "the disk is full; free about 600 MB and run this again.",
    r"DO NOT MATCH THE HASHES": (
        "a package differs from the one that was locked, so it was not installed; run this again, and if it stays so,"
        " the package index or a proxy serves something else than it should."
    ),
    r"CERTIFICATE_VERIFY_FAILED|SSLError": (
        "the package index shows a certificate that is not trusted; behind a company proxy set PIP_CERT to its"
        " certificate."
    ),
    r"name resolution|NewConnectionError|ConnectionError|ConnectTimeout|unreachable|timed out|ProxyError|refused": (
        "the package index could not be reached; check the network (a proxy goes into HTTPS_PROXY) and run this again."
    ),
    r"No matching distribution|is not a supported wheel": (
        f"a package has no ready-built file for Python {sys.version.split()[0]} on this system; use Python 3.11 to 3.13"
        " on Linux or macOS."
    ),
    r"Permission denied|Read-only file system": "the folder cannot be written; mend its permissions.",
}


class SetUpError(Exception):
    """Why the environment could not be set up: one sentence with its remedy."""


def pip_wheel() -> Path | None:
    """The pip that Python itself carries; None where it carries none, and venv has to bring it."""
    folders = [sysconfig.get_config_var("WHEEL_PKG_DIR"), Path(os.__file__).parent / "ensurepip" / "_bundled"]
    found = sorted(wheel for folder in folders if folder for wheel in Path(folder).glob("pip-*.whl"))
    return found[-1] if found else None


def unpacked_pip(wheel: Path, folder: Path) -> Path:
    """Unpack pip beside the environment rather than into it: quicker, and 20 MB less."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def install(environment: Path, lock: Path, pip_path: Path | None, lock_descriptor: int) -> tuple[int, float]:
    """Install what the lock file names, checked by hash, from ready-built packages only.

    Args:
        environment: The virtual environment.
        lock: The pinned packages with their hashes; it is complete, so nothing is resolved.
        pip_path: Where pip lies, when it is not in the environment.
        lock_descriptor: Inherited by pip, so that the clone stays locked as long as pip works.

    Returns:
        How many packages there are, and how many megabytes were loaded.

    Raises:
        SetUpError: pip failed.
    """
    total = sum(1 for line in lock.read_text().splitlines() if PINNED.match(line))
    _show(f"Setting up {environment.name}: {total} packages, once\n")
    command = [str(environment / "bin" / "python"), "-m", "pip", "install", "--requirement", str(lock)]
    options = ["--require-hashes", "--no-deps", "--only-binary", ":all:", "--no-compile", "--progress-bar", "off"]
    quiet = ["--disable-pip-version-check", "--no-input", "--no-color", "--retries", "2"]
    variables = {name: value for name, value in os.environ.items() if name not in MISLEADING}
    if pip_path is not None:
        variables["PYTHONPATH"] = str(pip_path)
    variables["PIP_ROOT_USER_ACTION"] = "ignore"
    log = environment / "set-up.log"
    with (
        log.open("w+") as errors,
        subprocess.Popen(
            [*command, *options, *quiet],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=variables,
            pass_fds=(lock_descriptor,),
        ) as pip,
    ):
        megabytes = _watch(pip, total)
    if pip.returncode != 0:
        raise SetUpError(f"The set-up failed: {explain(log.read_text(errors='replace'), log)}")
    return total, megabytes


def explain(printed: str, log: Path) -> str:
    """The remedy for what pip printed."""
    for pattern, remedy in REMEDIES.items():
        if re.search(pattern, printed):
            return remedy
    errors = [line for line in printed.splitlines() if line.startswith("ERROR")]
    return f"{errors[0] if errors else 'pip gave no reason'} (all of it: {log})"


def _watch(pip: subprocess.Popen[str], total: int) -> float:
    """Show progress while pip prints; ends pip when we are interrupted."""
    begun, megabytes, at_terminal = 0, 0.0, sys.stdout.isatty()
    try:
        for line in pip.stdout or ():
            begun += bool(BEGUN.match(line))
            megabytes += _loaded(line)
            if at_terminal:
                _show(f"\r  {min(begun, total)} of {total} packages, {megabytes:.0f} MB ")
            if line.startswith("Installing collected"):
                _show("\r" * at_terminal + f"  {megabytes:.0f} MB loaded and checked; unpacking\n")
    except BaseException:
        pip.terminate()
        raise
    return megabytes


def _loaded(line: str) -> float:
    """The megabytes that a line of pip's speaks of."""
    if loading := LOADING.match(line):
        return float(loading.group(1)) * MEGABYTES[loading.group(2)]
    if local := LOCAL.match(line):
        path = Path(local.group(1).removeprefix("file://"))
        return path.stat().st_size * MEGABYTES["B"] if path.exists() else 0.0
    return 0.0


def _show(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
