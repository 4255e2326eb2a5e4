"""From measured durations to what is shown, printed as JSON and written into the page."""

import io
from datetime import UTC, datetime

import pytest
from rich.console import Console

from benchmarks.report import RESULTS, Circumstances, Line, Report, as_json, section, table, with_section
from benchmarks.spread import Spread, in_words

GOOD = Line("Lateness, p50", "48 ms", "cron job 30.1 s", "at most 150 ms", met=True)
BAD = Line("Whole lives/s", "9.9", "0.45 of 22.0 bare", "at least 0.6", met=False)
REPORT = Report("lives", [GOOD, BAD], ["Round 1."], {"share": 0.45})
THEN = Circumstances("./leadline bench lives", datetime(2026, 11, 25, 4, 39, tzinfo=UTC), 2, 0.4, "Linux x86_64")


def test_a_spread_names_the_middle_and_the_last_hundredth() -> None:
    spread = Spread.of([number / 100 for number in range(101)])
    assert (spread.count, spread.mean, spread.p50, spread.p99, spread.worst) == pytest.approx((101, 0.5, 0.5, 0.99, 1))
    assert spread.to_json().keys() == {"count", "mean_seconds", "p50_seconds", "p99_seconds", "worst_seconds"}


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        pytest.param(0.0484, "48 ms", id="milliseconds"),
        pytest.param(1.0, "1.0 s", id="a-second"),
        pytest.param(30.06, "30.1 s", id="seconds"),
        pytest.param(-0.002, "-2 ms", id="clocks-that-disagree"),
    ],
)
def test_a_duration_is_shown_in_its_own_unit(seconds: float, words: str) -> None:
    assert in_words(seconds) == words


def test_the_table_shows_each_figure_beside_its_rival_and_says_which_goal_is_missed() -> None:
    output = io.StringIO()
    Console(file=output, width=120).print(table(REPORT))
    (good,) = [line for line in output.getvalue().splitlines() if "Lateness, p50" in line]
    (bad,) = [line for line in output.getvalue().splitlines() if "Whole lives" in line]
    assert [cell.strip() for cell in good.strip("│").split("│")] == list(GOOD.cells())
    assert [cell.strip() for cell in bad.strip("│").split("│")][-1] == "missed"


def test_programs_get_the_figures_and_where_they_were_measured() -> None:
    told = as_json(REPORT, THEN)
    assert (told["benchmark"], told["figures"], told["goals_met"]) == ("lives", {"share": 0.45}, False)
    assert (told["command"], told["began_at"]) == ("./leadline bench lives", "2026-11-25T04:39:00+00:00")
    assert (told["cores"], told["load"]) == (2, 0.4)


def test_a_section_holds_date_command_machine_figures_and_notes() -> None:
    assert section(REPORT, THEN).splitlines() == [
        "### lives, 2026-11-25 04:39 UTC",
        "",
        "`./leadline bench lives`. 2 cores, load 0.40 at the start, Linux x86_64.",
        "",
        "| What | Measured | In the same run | Goal |  |",
        "| --- | --- | --- | --- | --- |",
        "| Lateness, p50 | 48 ms | cron job 30.1 s | at most 150 ms | met |",
        "| Whole lives/s | 9.9 | 0.45 of 22.0 bare | at least 0.6 | missed |",
        "",
        "- Round 1.",
    ]


def test_results_are_added_before_the_older_ones_and_nothing_is_lost() -> None:
    page = f"# Benchmarks\n\nWhat is measured.\n\n{RESULTS}"
    once = with_section(page, "### first\n")
    assert once == f"# Benchmarks\n\nWhat is measured.\n\n{RESULTS}\n### first\n"
    assert with_section(once, "### second\n") == f"{page}\n### second\n\n### first\n"


def test_the_circumstances_are_those_of_this_machine() -> None:
    now = Circumstances.now("./leadline bench")
    assert now.cores >= 1
    assert now.load >= 0
    assert now.began_at.tzinfo is UTC
    assert f"{now.cores} cores, load " in now.sentence()
