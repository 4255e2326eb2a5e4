"""Two control groups of a stack's own: one for whom somebody waits, and one for the rest, which gets what that leaves.

Among control groups Linux shares cores out by group, whatever sessions processes begin, as PostgreSQL's do for each
connection (docs/decisions/0039). Source: cgroups(7), the kernel's "CFS Scheduler" and "Control Group v2".
"""

import fcntl
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from runtime.own_session import cores_are_shared_among_sessions

_PREFIX = "leadline-"
_MOUNTS = Path("/proc/self/mountinfo")
_STATISTICS = Path("/proc/self/schedstat")

_THREADS = ("cgroup.threads", "tasks")


@dataclass(frozen=True, slots=True)
class ControlGroup:
    """Both together have the share of the cores that a session has. Whoever isn't let in stays where it was."""

    folder: Path

    @property
    def front(self) -> Path:
        """Where parts start."""
        return self.folder / "front"

    @property
    def rest(self) -> Path:
        """Where those go that stand back."""
        return self.folder / "rest"

    def let_in(self, pid: int) -> bool:
        """Have a process and its children share with the others from now on, with all that they start later.

        Returns:
            Whether it could be done.
        """
        is_in = _join(self.front, pid)
        for child in _children(pid):
            _join(self.front, child)  # or it has ended
        return is_in

    def stand_back(self, pid: int) -> bool:
        """Have a process get what the others leave from now on, with all that it starts later.

        Returns:
            Whether it could be done.
        """
        return _join(self.rest, pid)

    def divide(self) -> None:
        """Make the two groups in it.

        Raises:
            OSError: The kernel doesn't let us, or knows no idle groups (before 5.15).
        """
        if (self.folder / "cgroup.subtree_control").exists():
            (self.folder / "cgroup.subtree_control").write_text("+cpu")
        for folder in (self.front, self.rest):
            folder.mkdir(exist_ok=True)
        self.give_leavings()

    def give_leavings(self) -> None:
        """Let the rest have what the front leaves, be it nothing."""
        _set(self.rest / "cpu.idle", "1")

    def give_share(self) -> None:
        """Let the rest have as much as the front, where both want it."""
        _set(self.rest / "cpu.idle", "0")

    def threads_of_rest(self) -> Sequence[int]:
        """Who is in the rest, each thread."""
        for name in _THREADS:
            with suppress(FileNotFoundError):
                return [int(thread) for thread in (self.rest / name).read_text().split()]
        return ()

    def remove(self) -> None:
        """Once nobody is in it any more; where somebody still is, nothing happens."""
        for folder in (self.front, self.rest, self.folder):
            with suppress(OSError):
                folder.rmdir()


@contextmanager
def own_control_group() -> Iterator[ControlGroup | None]:
    """One for the length of a stack, or None where that can't be had. What killed stacks have left is removed."""
    parent = place_for_groups()
    with ExitStack() as held:
        yield None if parent is None else _made(parent, held)


def place_for_groups() -> Path | None:
    """The folder in which we may make control groups that share cores with sessions; None where there is none.

    Only there: among single processes, as anywhere else, a whole stack would have what one of them has. And only where
    the kernel tells how long somebody waits for a core: else nobody would see who starves (``hunger.py``).
    """
    if not cores_are_shared_among_sessions() or not _STATISTICS.exists():
        return None
    with suppress(OSError):
        place = folder_of_the_root(_MOUNTS.read_text(errors="surrogateescape"))
        return place if place is not None and os.access(place, os.W_OK) else None
    return None


def folder_of_the_root(mounts: str) -> Path | None:
    """Where the group of the whole system is whose groups share cores out.

    Args:
        mounts: /proc/self/mountinfo, whose fields proc_pid_mountinfo(5) lists.

    Returns:
        None where there is none: a container's root isn't the system's.
    """
    for line in mounts.splitlines():  # spaces in names are written in another way, and names may be missing
        before, _, after = line.partition(" - ")
        mounted_at, (kind, *options) = Path(*before.split(" ")[4:5]), after.split(" ")
        shares_cores_out = kind == "cgroup2" or (kind == "cgroup" and "cpu" in options[-1].split(","))
        if shares_cores_out and _is_the_systems(mounted_at):
            return mounted_at
    return None


def _is_the_systems(folder: Path) -> bool:
    """Of the first version the system's root alone says who tidies up; of the second it alone is of no type."""
    handed_on = folder / "cgroup.subtree_control"
    if not handed_on.exists():
        return (folder / "release_agent").exists()
    return "cpu" in handed_on.read_text().split() and not (folder / "cgroup.type").exists()


def _made(parent: Path, held: ExitStack) -> ControlGroup | None:
    """One stack after the other, so that none sweeps what another one has just made."""
    try:
        with _locked(parent, fcntl.LOCK_EX):
            for left in parent.glob(f"{_PREFIX}*"):
                _remove_unless_used(left)
            group = ControlGroup(Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent)))
            held.callback(group.remove)
            held.enter_context(_locked(group.folder, fcntl.LOCK_EX | fcntl.LOCK_NB))
        group.divide()
    except OSError:
        return None
    return group


def _remove_unless_used(folder: Path) -> None:
    with suppress(OSError), _locked(folder, fcntl.LOCK_EX | fcntl.LOCK_NB):
        ControlGroup(folder).remove()


@contextmanager
def _locked(folder: Path, how: int) -> Iterator[None]:
    """The kernel lets go of it when the program ends, however it does. Source: flock(2) for ``how``."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, how)
        yield
    finally:
        os.close(descriptor)


def _set(file: Path, value: str) -> None:
    with file.open("r+") as opened:  # so that it isn't made where the kernel has none
        opened.write(value)


def _children(pid: int) -> Iterator[int]:
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            yield from map(int, children.read_text().split())


def _join(folder: Path, pid: int) -> bool:
    try:
        (folder / "cgroup.procs").write_text(str(pid))
    except OSError:
        return False
    return True
