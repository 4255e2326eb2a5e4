"""``./leadline bench``: what is measured, each figure beside its floor or its rival in the same run."""

import asyncio
import json
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from benchmarks.asked import Asked
from benchmarks.errors import BenchmarkFailed
from benchmarks.registry import BENCHMARKS
from benchmarks.report import Circumstances, Report, as_json, section, table, with_section
from commands.demo.client import DemoFailed
from commands.demo.screen import Screen
from commands.output import complain, say
from runtime.embedded.errors import StackError
from runtime.settings import SettingsError

RECORDS = Path(__file__).resolve().parents[1] / "benchmarks" / "README.md"
INTERRUPTED = 130


def bench(
    name: Annotated[str | None, typer.Argument(help="Only this one; without it, all.")] = None,
    short: Annotated[bool, typer.Option("--short", help="Less of everything.")] = False,
    for_programs: Annotated[bool, typer.Option("--json", help="For programs; progress goes to stderr.")] = False,
    record: Annotated[bool, typer.Option("--record", help="Write the results into benchmarks/README.md.")] = False,
    leads: Annotated[int | None, typer.Option("--leads", min=2, max=5_000, hidden=True)] = None,
    poll_seconds: Annotated[float | None, typer.Option("--poll-seconds", min=0.5, max=60.0, hidden=True)] = None,
) -> None:
    """Status 0 once everything was measured, also where a goal is missed; 130 after an interruption."""
    console = Console(stderr=for_programs)
    answer: dict[str, Any] = {}
    for chosen in _chosen(name):
        circumstances = Circumstances.now(shlex.join(["./leadline", *sys.argv[1:]]))
        report = _measured(chosen, Asked(short, leads, poll_seconds), Screen(console))
        answer[chosen] = as_json(report, circumstances)
        _show(report, circumstances, console)
        if record:
            RECORDS.write_text(with_section(RECORDS.read_text(), section(report, circumstances)))
    if for_programs:
        say(json.dumps(answer, indent=2))


def _chosen(name: str | None) -> Sequence[str]:
    if name is None:
        return list(BENCHMARKS)
    if name not in BENCHMARKS:
        known = "\n".join(f"  {each:<10} {benchmark.about}" for each, benchmark in BENCHMARKS.items())
        complain(f"There is no benchmark {name!r}. There are:\n{known}")
        raise typer.Exit(2)
    return [name]


def _measured(name: str, asked: Asked, screen: Screen) -> Report:
    screen.head(f"{name}: {BENCHMARKS[name].about}")
    try:
        report = asyncio.run(BENCHMARKS[name].measure(asked, screen.say))
    except (StackError, SettingsError, DemoFailed, BenchmarkFailed) as error:
        complain(str(error))
        raise typer.Exit(1) from None
    if report is None:
        raise typer.Exit(INTERRUPTED)
    return report


def _show(report: Report, circumstances: Circumstances, console: Console) -> None:
    screen = Screen(console)
    screen.say()
    console.print(table(report))
    for note in report.notes:
        screen.say(f"  {note}")
    screen.say(f"  {circumstances.sentence()}")
