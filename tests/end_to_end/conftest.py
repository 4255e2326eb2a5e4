"""A home for a whole system, and nothing left of it afterwards."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.embedded.postgres import base_for


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A LEADLINE_HOME; as root PostgreSQL's data lies elsewhere, and goes too."""
    folder = tmp_path / "home"
    yield folder
    for used in (folder, folder / "demo"):
        shutil.rmtree(base_for(used), ignore_errors=True)
