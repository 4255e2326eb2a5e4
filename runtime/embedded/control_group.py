"""Two control groups of a stack's own: one for whom somebody waits, and an idle one, which gets what that one leaves.

Among control groups Linux shares cores out by group, whatever sessions processes begin, as PostgreSQL's do for each
connection (docs/decisions/0039). Source: cgroups(7), the kernel's "CFS Scheduler" and "Control Group v2".
"""

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from runtime.own_session import control_group_paths

_PREFIX = "leadline-"
_MOUNTS = Path("/proc/self/mountinfo")


@dataclass(frozen=True, slots=True)
class ControlGroup:
    """Both together have the share of the cores that a session has. Whoever isn't let in stays where it was."""

    folder: Path

    @classmethod
    def made(cls, parent: Path) -> Self | None:
        """None where the kernel knows no idle groups (before 5.15), or doesn't let us make any."""
        _sweep(parent)
        try:
            group = cls(Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=parent)))
        except OSError:
            return None
        try:
            group._divide()
        except OSError:
            group.remove()
            return None
        return group

    @property
    def front(self) -> Path:
        """Where parts start."""
        return self.folder / "front"

    @property
    def rest(self) -> Path:
        """Where those go that stand back."""
        return self.folder / "rest"

    def let_in(self, pid: int) -> bool:
        """Share with the others from now on, with all that it starts later; says whether it could be done."""
        return _join(self.front, pid)

    def stand_back(self, pid: int) -> bool:
        """Get what is left from now on, with all that it starts later; says whether it could be done."""
        return _join(self.rest, pid)

    def remove(self) -> None:
        """Once nobody is in it any more; if somebody still is, the next stack removes it."""
        for folder in (self.front, self.rest, self.folder):
            with suppress(OSError):
                folder.rmdir()

    def _divide(self) -> None:
        if (self.folder / "cgroup.subtree_control").exists():
            (self.folder / "cgroup.subtree_control").write_text("+cpu")
        self.front.mkdir()
        self.rest.mkdir()
        # Opened so that it isn't made where there is none: a kernel that knows it has it already.
        with (self.rest / "cpu.idle").open("r+") as idle:
            idle.write("1")


@contextmanager
def own_control_group() -> Iterator[ControlGroup | None]:
    """One for the length of a stack, below the group that this process is in; None where that can't be had.

    Only there, so that no limit which somebody has set for this process is left.
    """
    parent = _own_group()
    group = None if parent is None else ControlGroup.made(parent)
    try:
        yield group
    finally:
        if group is not None:
            group.remove()


def _own_group() -> Path | None:
    """The folder of the group that this process has its cores from, where others may be made in it."""
    with suppress(OSError):
        return folder_for_groups(control_group_paths(), _MOUNTS.read_text())
    return None


def folder_for_groups(paths: Mapping[str, str], mounts: str) -> Path | None:
    """Where the group's folder is that ``own_control_group`` makes others in.

    Args:
        paths: The groups of this process, by controller.
        mounts: /proc/self/mountinfo, whose fields proc_pid_mountinfo(5) lists.

    Returns:
        None where there is none. In the second version of control groups that is so below the root: a group there has
        processes or other groups in it, and never both.
    """
    for line in mounts.splitlines():
        before, after = line.split(" - ", 1)
        root, mounted_at = before.split()[3:5]
        kind, _, options = after.split()[:3]
        if kind == "cgroup" and "cpu" in options.split(",") and "cpu" in paths:
            return _below(Path(mounted_at), root, paths["cpu"])
        if kind == "cgroup2" and "cpu" not in paths and paths.get("") == "/":
            return Path(mounted_at) if _hands_cores_on(Path(mounted_at)) else None
    return None


def _below(mounted_at: Path, root: str, path: str) -> Path | None:
    """Where a group's folder is; None where it lies outside of what is mounted."""
    with suppress(ValueError):
        return mounted_at / Path(path).relative_to(root)
    return None


def _hands_cores_on(folder: Path) -> bool:
    """Whether groups below it may share cores out; a container's own root isn't the system's, and may not."""
    if (folder / "cgroup.type").exists():
        return False
    return "cpu" in (folder / "cgroup.subtree_control").read_text().split()


def _sweep(parent: Path) -> None:
    """Remove what stacks have left behind that were killed; where somebody is still in it, nothing happens."""
    for folder in parent.glob(f"{_PREFIX}*"):
        number = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if number.isdecimal() and not Path(f"/proc/{number}").exists():
            ControlGroup(folder).remove()


def _join(folder: Path, pid: int) -> bool:
    try:
        (folder / "cgroup.procs").write_text(str(pid))
    except OSError:
        return False
    return True
