"""``./leadline bench`` without a system; with one it runs in tests/end_to_end/."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmarks.registry import BENCHMARKS
from benchmarks.report import RESULTS
from commands.__main__ import app
from commands.bench import RECORDS


def test_an_unknown_name_is_answered_with_those_there_are() -> None:
    done = CliRunner().invoke(app, ["bench", "livse"])
    assert done.exit_code == 2
    assert "no benchmark 'livse'" in done.stderr
    for name, benchmark in BENCHMARKS.items():
        assert f"  {name} " in done.stderr
        assert benchmark.about in done.stderr


@pytest.mark.parametrize("name", BENCHMARKS)
def test_the_page_explains_every_benchmark_and_has_room_for_results(name: str) -> None:
    page = RECORDS.read_text()
    assert f"\n### {name}\n" in page
    assert RESULTS in page


def test_an_impossible_setting_is_one_sentence_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEADLINE_HOME", str(tmp_path))
    monkeypatch.setenv("LEADLINE_HOEM", str(tmp_path))
    done = CliRunner().invoke(app, ["bench", "lives"])
    assert (done.exit_code, done.stderr.startswith("LEADLINE_HOEM is no setting")) == (1, True)
    assert list(tmp_path.iterdir()) == []
