"""Control groups of a stack's own: where they may be made, who is in them, and that they go when the stack goes."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.embedded.control_group import ControlGroup, folder_of_the_root, own_control_group

OF_ALL = "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n"
OTHERS = "33 31 0:30 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
HAS_A_CHILD = """
import subprocess, sys
with subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"]) as child:
    print(child.pid, flush=True)
"""
ODD = (
    "40 23 0:40 / /mnt/unnamed rw -  tmpfs  rw\n"
    "41 23 0:41 / /media/Gr\udcfc\\040n rw,relatime shared:9 master:1 - vfat /dev/sdb1 rw\n"
    "42 23 0:42 / /short\n"
    "\n"
)


def first_version(folder: Path, controllers: str) -> str:
    return f"32 31 0:29 / {folder} rw,relatime shared:7 - cgroup cgroup rw,{controllers}\n"


def second_version(folder: Path) -> str:
    return f"41 31 0:38 / {folder} rw,relatime - cgroup2 cgroup2 rw\n"


@pytest.mark.parametrize("controllers", ["cpu", "cpu,cpuacct", "cpuacct,cpu"])
def test_groups_are_made_where_cores_are_shared_out(tmp_path: Path, controllers: str) -> None:
    (tmp_path / "release_agent").touch()
    assert folder_of_the_root(ODD + OF_ALL + OTHERS + first_version(tmp_path, controllers)) == tmp_path


@pytest.mark.parametrize("controllers", ["cpuset", "memory"])
def test_where_other_things_are_shared_out_none_are_made(tmp_path: Path, controllers: str) -> None:
    (tmp_path / "release_agent").touch()
    assert folder_of_the_root(ODD + OF_ALL + first_version(tmp_path, controllers)) is None


def test_a_containers_root_is_not_the_systems(tmp_path: Path) -> None:
    assert folder_of_the_root(first_version(tmp_path, "cpu")) is None
    (tmp_path / "cgroup.subtree_control").write_text("cpu memory")
    (tmp_path / "cgroup.type").write_text("domain")
    assert folder_of_the_root(second_version(tmp_path)) is None


@pytest.mark.parametrize(("handed_on", "is_had"), [("cpu memory pids", True), ("cpuset memory", False), ("", False)])
def test_the_second_versions_root_has_to_hand_cores_on(tmp_path: Path, handed_on: str, *, is_had: bool) -> None:
    (tmp_path / "cgroup.subtree_control").write_text(handed_on)
    assert folder_of_the_root(second_version(tmp_path)) == (tmp_path if is_had else None)


def test_of_both_versions_the_one_is_taken_that_shares_cores_out(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
    (first / "release_agent").touch()
    (second / "cgroup.subtree_control").write_text("hugetlb")
    assert folder_of_the_root(second_version(second) + first_version(first, "cpu")) == first


def test_in_the_second_version_cores_are_handed_on_to_both(tmp_path: Path) -> None:
    (tmp_path / "cgroup.subtree_control").touch()
    with pytest.raises(FileNotFoundError, match=r"cpu\.idle"):  # nobody makes it in a folder like any other
        ControlGroup(tmp_path).divide()
    assert (tmp_path / "cgroup.subtree_control").read_text() == "+cpu"
    assert (tmp_path / "rest").is_dir()


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
    assert process.pid in group.threads_of_rest()


def test_who_starved_gets_a_share_and_then_what_is_left_again(group: ControlGroup) -> None:
    weight = next(name for name in ("cpu.shares", "cpu.weight") if (group.rest / name).exists())
    group.give_share()
    assert (group.rest / weight).read_text() == (group.front / weight).read_text()
    group.give_leavings()
    assert int((group.rest / weight).read_text()) < int((group.front / weight).read_text()) / 100
    assert (group.rest / "cpu.idle").read_text().strip() == "1"


def test_children_are_let_in_with_their_parent(group: ControlGroup) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HAS_A_CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert group.let_in(parent.pid)
        assert is_in(group.front, child)
        parent.communicate()


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


def test_the_next_stack_removes_what_a_killed_one_left_and_nothing_of_one_that_lives(group: ControlGroup) -> None:
    left = Path(tempfile.mkdtemp(prefix="leadline-", dir=group.folder.parent))
    with own_control_group() as another:
        assert another is not None
        assert (left.exists(), group.folder.exists()) == (False, True)
    assert not another.folder.exists()
