"""The image is not built here: what goes into it is compared with what the programs import."""

import ast
import json
import re
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = {path.parent.name for path in ROOT.glob("*/__init__.py")} | {"worker"}


def _instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions with their arguments, continued lines joined."""
    joined = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    lines = [line.strip() for line in joined.splitlines() if line.strip() and not line.startswith("#")]
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in lines)]


def _arguments(instruction: str) -> list[str]:
    return [rest for word, rest in _instructions() if word == instruction]


def _copied() -> list[str]:
    """What comes from the checkout, without the copy between the stages."""
    return [rest.split()[0].rstrip("/") for rest in _arguments("COPY") if not rest.startswith("--from")]


def _python_files() -> Iterator[Path]:
    for name in _copied():
        path = ROOT / name
        if path.is_dir():
            yield from path.rglob("*.py")
        elif path.suffix == ".py":
            yield path


def _imported(file: Path) -> Iterator[str]:
    """The top-level names that a file imports."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]


def _imports() -> set[str]:
    return {name for file in _python_files() for name in _imported(file)} - set(sys.stdlib_module_names)


def test_what_is_copied_exists() -> None:
    assert [name for name in _copied() if not (ROOT / name).exists()] == []


def test_every_room_that_the_programs_import_is_copied() -> None:
    copied = {name.removesuffix(".py") for name in _copied()}
    assert {"api", "worker", "storage", "simulator"} <= copied
    assert _imports() & ROOMS <= copied


def test_every_library_that_the_programs_import_is_installed() -> None:
    locked = set(re.findall(r"^([a-z0-9.-]+)==", (ROOT / "requirements/server.txt").read_text(), re.MULTILINE))
    providers = packages_distributions()
    missing = {
        name
        for name in _imports() - ROOMS
        if not {re.sub(r"[-_.]+", "-", dist.lower()) for dist in providers[name]} & locked
    }
    assert missing == set()


def test_nothing_is_sent_to_the_build_that_the_image_does_not_need() -> None:
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert lines[0] == "*"
    assert sorted(line[1:].rstrip("/") for line in lines if line.startswith("!")) == sorted(_copied())


def test_the_base_is_pinned_and_is_the_python_of_the_locks() -> None:
    [base] = _arguments("ARG")
    assert re.fullmatch(r"PYTHON_IMAGE=python:3\.11\.\d+-slim-[a-z]+", base)
    assert {rest.split()[0] for rest in _arguments("FROM")} == {"${PYTHON_IMAGE}"}


def test_only_locked_files_are_installed_and_nothing_is_built() -> None:
    [install] = [rest for rest in _arguments("RUN") if "pip install" in rest]
    for option in ("--require-hashes", "--no-deps", "--only-binary :all:", "--requirement /tmp/server.txt"):
        assert option in install


def test_the_programs_do_not_run_as_root() -> None:
    last = _arguments("USER")[-1]
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", last)


def test_signals_reach_the_program_itself() -> None:
    [command] = _arguments("CMD")
    assert json.loads(command) == ["python", "-m", "api"]
    assert _arguments("ENTRYPOINT") == []


@pytest.mark.parametrize("instruction", ["ARG", "ENV"])
def test_no_secret_is_baked_in(instruction: str) -> None:
    assert not re.search(r"PASSWORD|SECRET|TOKEN|_KEY", " ".join(_arguments(instruction)))
