"""Control groups of a stack's own: where they may be made, who is in them, and that they go when the stack goes."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from runtime.embedded.control_group import ControlGroup, folder_for_groups, own_control_group

OF_ALL = "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n"
ITS_OWN = OF_ALL + "32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n"
WITH_OTHERS = OF_ALL + "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
IN_A_CONTAINER = OF_ALL + "32 31 0:29 /docker/1a2b /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu\n"
WITHOUT_CORES = OF_ALL + "32 31 0:29 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"


@pytest.mark.parametrize(
    ("paths", "mounts", "folder"),
    [
        ({"cpu": "/", "": "/"}, ITS_OWN, "/sys/fs/cgroup/cpu"),
        ({"cpu": "/user.slice", "": "/"}, ITS_OWN, "/sys/fs/cgroup/cpu/user.slice"),
        ({"cpu": "/", "cpuacct": "/"}, WITH_OTHERS, "/sys/fs/cgroup/cpu,cpuacct"),
        ({"cpu": "/docker/1a2b"}, IN_A_CONTAINER, "/sys/fs/cgroup/cpu"),
        ({"cpu": "/docker/1a2b/shop"}, IN_A_CONTAINER, "/sys/fs/cgroup/cpu/shop"),
        ({"cpu": "/elsewhere"}, IN_A_CONTAINER, None),
        ({"memory": "/"}, WITHOUT_CORES, None),
        ({"cpu": "/"}, OF_ALL, None),
        ({}, "", None),
    ],
)
def test_groups_are_made_in_the_own_one_of_the_first_version(
    paths: Mapping[str, str], mounts: str, folder: str | None
) -> None:
    assert folder_for_groups(paths, mounts) == (None if folder is None else Path(folder))


@pytest.mark.parametrize(
    ("path", "handed_on", "is_the_systems_root", "expected"),
    [
        ("/", "cpu memory pids", True, True),
        ("/", "memory pids", True, False),
        ("/", "cpu memory pids", False, False),
        ("/user.slice/session-3.scope", "cpu memory pids", True, False),
    ],
)
def test_in_the_second_version_only_the_systems_root_may_have_both_processes_and_groups(
    tmp_path: Path, path: str, handed_on: str, *, is_the_systems_root: bool, expected: bool
) -> None:
    (tmp_path / "cgroup.subtree_control").write_text(handed_on)
    if not is_the_systems_root:
        (tmp_path / "cgroup.type").write_text("domain")
    mounts = f"31 23 0:28 / {tmp_path} rw - cgroup2 cgroup2 rw\n"
    assert folder_for_groups({"": path}, mounts) == (tmp_path if expected else None)


def test_where_cores_are_shared_by_the_first_version_the_second_one_is_not_asked(tmp_path: Path) -> None:
    (tmp_path / "cgroup.subtree_control").write_text("cpu")
    both = f"31 23 0:28 / {tmp_path} rw - cgroup2 cgroup2 rw\n" + ITS_OWN
    assert folder_for_groups({"": "/", "cpu": "/"}, both) == Path("/sys/fs/cgroup/cpu")


def test_a_kernel_without_idle_groups_gets_none_and_nothing_is_left(tmp_path: Path) -> None:
    assert ControlGroup.made(tmp_path) is None
    assert list(tmp_path.iterdir()) == []


def test_where_no_group_may_be_made_there_is_none(tmp_path: Path) -> None:
    assert ControlGroup.made(tmp_path / "missing") is None


@pytest.fixture
def group() -> Iterator[ControlGroup]:
    with own_control_group() as group:
        if group is None:
            pytest.skip("this system lets nobody like us make control groups")
        yield group


@pytest.fixture
def process() -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
    yield process
    process.kill()
    process.wait()


def is_in(folder: Path, pid: int | None) -> bool:
    return str(pid) in (folder / "cgroup.procs").read_text().split()


def test_who_stands_back_is_in_the_idle_group(group: ControlGroup, process: "subprocess.Popen[bytes]") -> None:
    assert group.let_in(process.pid)
    assert is_in(group.front, process.pid)
    assert group.stand_back(process.pid)
    assert not is_in(group.front, process.pid)
    assert is_in(group.rest, process.pid)
    assert [(folder / "cpu.idle").read_text().strip() for folder in (group.front, group.rest)] == ["0", "1"]


def test_a_process_that_has_ended_joins_nobody(group: ControlGroup, process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.wait()
    assert (group.let_in(process.pid), group.stand_back(process.pid)) == (False, False)


def test_a_group_goes_with_its_stack_and_not_with_somebody_in_it(
    group: ControlGroup, process: "subprocess.Popen[bytes]"
) -> None:
    group.let_in(process.pid)
    group.remove()
    assert group.folder.exists()
    process.kill()
    process.wait()
    group.remove()
    assert not group.folder.exists()


def test_the_next_stack_removes_what_a_killed_one_left(group: ControlGroup, process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.wait()  # nobody has its number from now on, for a while
    left, of_another = (group.folder.with_name(f"leadline-{pid}-x") for pid in (process.pid, os.getppid()))
    (left / "front").mkdir(parents=True)
    of_another.mkdir()
    try:
        with own_control_group():
            assert (left.exists(), of_another.exists()) == (False, True)
    finally:
        of_another.rmdir()
