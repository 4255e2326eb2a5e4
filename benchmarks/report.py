"""What a benchmark found: a table for people, JSON for programs, and a section of benchmarks/README.md."""

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from rich.table import Table

from runtime.embedded.control_group import place_for_groups
from runtime.own_session import cores_are_shared_among_sessions

RESULTS = "## Results\n"
COLUMNS = ("What", "Measured", "In the same run", "Goal", "")


@dataclass(frozen=True, slots=True)
class Line:
    """One figure. ``beside`` is its floor or its rival, measured in the same run."""

    what: str
    measured: str
    beside: str
    goal: str
    met: bool

    def cells(self) -> tuple[str, ...]:
        return (self.what, self.measured, self.beside, self.goal, "met" if self.met else "missed")


@dataclass(frozen=True, slots=True)
class Report:
    """``figures`` are what ``lines`` say, as numbers with their unit in the name."""

    name: str
    lines: Sequence[Line]
    notes: Sequence[str]
    figures: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Circumstances:
    """When, where and by which command something was measured. ``load`` is the load average of the minute before."""

    command: str
    began_at: datetime
    cores: int
    load: float
    system: str

    @classmethod
    def now(cls, command: str) -> Self:
        system = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
        shared = f"{system}, cores shared by {_sharing()}"
        return cls(command, datetime.now(UTC), os.cpu_count() or 1, os.getloadavg()[0], shared)

    def sentence(self) -> str:
        return f"{self.cores} cores, load {self.load:.2f} at the start, {self.system}."


def _sharing() -> str:
    """How cores can be shared out among a stack's parts here, which the latencies depend on (decisions 36 and 39)."""
    if place_for_groups() is not None:
        return "control groups"
    return "sessions" if cores_are_shared_among_sessions() else "niceness"


def table(report: Report) -> Table:
    """For the terminal."""
    shown = Table(*COLUMNS, title=report.name, title_justify="left")
    for line in report.lines:
        shown.add_row(*line.cells(), style=None if line.met else "bold")
    return shown


def as_json(report: Report, circumstances: Circumstances) -> dict[str, Any]:
    """For programs."""
    return {
        "benchmark": report.name,
        "command": circumstances.command,
        "began_at": circumstances.began_at.isoformat(),
        "cores": circumstances.cores,
        "load": circumstances.load,
        "system": circumstances.system,
        "goals_met": all(line.met for line in report.lines),
        "figures": report.figures,
    }


def section(report: Report, circumstances: Circumstances) -> str:
    """For benchmarks/README.md."""
    rows = [_row(COLUMNS), _row(["---"] * len(COLUMNS)), *(_row(line.cells()) for line in report.lines)]
    lines = [
        f"### {report.name}, {circumstances.began_at:%Y-%m-%d %H:%M} UTC",
        "",
        f"`{circumstances.command}`. {circumstances.sentence()}",
        "",
        *rows,
        "",
        *(f"- {note}" for note in report.notes),
    ]
    return "\n".join(lines).rstrip() + "\n"


def with_section(readme: str, added: str) -> str:
    """The page with one more section, newest first."""
    before, _, results = readme.partition(RESULTS)
    return "\n".join([before.rstrip() + "\n", RESULTS, added, results.lstrip("\n")]).rstrip() + "\n"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
