"""Starting ``./leadline``; nothing is left behind."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.end_to_end.launched import Launched

Launch = Callable[..., Launched]


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Launch]:
    """Run a command of ``./leadline`` on a home of this test's own: ``launch("up")``, ``launch("demo", "--exit")``."""
    launched: list[Launched] = []

    def start(command: str, *arguments: str, **variables: str) -> Launched:
        home = tmp_path / "home"
        state = home / "demo" if command == "demo" else home
        launched.append(Launched(home, state, [command, *arguments], variables))
        return launched[-1]

    yield start
    for run in launched:
        run.clean_up()
