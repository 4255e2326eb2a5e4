"""``./leadline`` on machines that lack something: one sentence each, and a set-up that can be repeated."""

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
COMMAND = "import json, sys, tiny; print(json.dumps([sys.argv[1:], tiny.ANSWER]))\n"


class Clone:
    """The launcher in a folder of its own, with one tiny package to install and a command that shows its arguments."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "clone"
        (self.root / "runtime").mkdir(parents=True)
        (self.root / "commands").mkdir()
        (self.root / "requirements").mkdir()
        shutil.copy(PROJECT / "leadline", self.root)
        for name in ("__init__.py", "bootstrap.py", "bootstrap_pip.py"):
            shutil.copy(PROJECT / "runtime" / name, self.root / "runtime")
        (self.root / "commands" / "__main__.py").write_text(COMMAND)
        self.wheels = folder / "wheels"
        self.wheels.mkdir()
        self.lock(make_wheel(self.wheels))

    def lock(self, digest: str, name: str = "tiny") -> None:
        for lock in ("run.txt", "test.txt"):
            (self.root / "requirements" / lock).write_text(f"{name}==1.0 \\\n    --hash=sha256:{digest}\n")

    def run(
        self, *arguments: str, environ: Mapping[str, str] | None = None, shell: str = "/bin/sh"
    ) -> "subprocess.CompletedProcess[str]":
        offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self.wheels), "PIP_CONFIG_FILE": os.devnull}
        base = {"PATH": f"{Path(sys.executable).parent}:{os.defpath}", "HOME": str(self.root)}
        return subprocess.run(
            [shell, str(self.root / "leadline"), *arguments],
            capture_output=True,
            text=True,
            check=False,
            env=base | offline | dict(environ or {}),
            cwd="/",
        )


def make_wheel(folder: Path) -> str:
    """A package of one module, and the hash of its file."""
    path = folder / "tiny-1.0-py3-none-any.whl"
    content = b"ANSWER = 42\n"
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("tiny.py", content)
        wheel.writestr("tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        wheel.writestr("tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr("tiny-1.0.dist-info/RECORD", f"tiny.py,sha256={digest},{len(content)}\n")
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path)


def shown(done: "subprocess.CompletedProcess[str]") -> object:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_the_first_run_sets_up_and_the_second_says_nothing(clone: Clone) -> None:
    first = clone.run("demo", "--leads", "5 of them")
    assert shown(first) == [["demo", "--leads", "5 of them"], 42]
    assert "Setting up .venv: 1 packages" in first.stdout
    second = clone.run("up")
    assert second.stdout.splitlines() == [json.dumps([["up"], 42])]


def test_an_interrupted_set_up_is_done_again_from_the_beginning(clone: Clone) -> None:
    shown(clone.run("up"))
    (clone.root / ".venv" / "set-up.stamp").unlink()
    (clone.root / ".venv" / "set-up.unfinished").touch()
    (broken,) = (clone.root / ".venv").glob("lib/python*/site-packages/tiny.py")
    broken.write_text("half a fi")
    assert shown(clone.run("up")) == [["up"], 42]


def test_a_changed_lock_is_set_up_again(clone: Clone) -> None:
    shown(clone.run("up"))
    lock = clone.root / "requirements" / "run.txt"
    lock.write_text(lock.read_text() + "# newer\n")
    assert "Setting up" in clone.run("up").stdout


@pytest.mark.parametrize(
    ("digest", "name", "environ", "said"),
    [
        pytest.param("0" * 64, "tiny", {}, "a package differs from the one that was locked", id="wrong-hash"),
        pytest.param("0" * 64, "absent", {}, "a package has no ready-built file for Python", id="no-file"),
        pytest.param(
            "0" * 64,
            "absent",
            {"PIP_NO_INDEX": "0", "PIP_FIND_LINKS": "", "PIP_INDEX_URL": "http://127.0.0.1:9/simple"},
            "the package index could not be reached",
            id="no-network",
        ),
    ],
)  # fmt: skip
def test_a_package_that_cannot_be_had_is_one_sentence(
    clone: Clone, digest: str, name: str, environ: dict[str, str], said: str
) -> None:
    clone.lock(digest, name)
    done = clone.run("up", environ=environ)
    assert (done.returncode, said in done.stderr) == (1, True), done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_python_that_is_too_old_is_one_sentence(clone: Clone, tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    old = programs / "python3"
    old.write_text('#!/bin/sh\n[ "$1" = -V ] && { echo "Python 3.8.1"; exit 0; }\nexit 1\n')
    old.chmod(0o755)
    done = clone.run("up", environ={"PATH": str(programs)})
    assert done.returncode == 1
    assert "needs Python 3.11 or newer, and found Python 3.8.1" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_no_python_at_all_is_one_sentence(clone: Clone, tmp_path: Path) -> None:
    done = clone.run("up", environ={"PATH": str(tmp_path)})
    assert (done.returncode, "found no python3" in done.stderr) == (1, True)


def test_a_python_without_venv_is_one_sentence(clone: Clone, tmp_path: Path) -> None:
    (tmp_path / "venv.py").write_text("raise ModuleNotFoundError(\"No module named 'venv'\")\n")
    done = clone.run("up", environ={"PYTHONPATH": str(tmp_path)})
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert "sudo apt install python3-venv" in done.stderr


def test_an_environment_that_cannot_be_written_is_one_sentence(clone: Clone) -> None:
    (clone.root / ".venv").write_text("a file where a folder should be")
    done = clone.run("up")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert str(clone.root) in done.stderr
