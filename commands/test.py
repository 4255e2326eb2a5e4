"""``./leadline test``: every check, in the order that fails fastest."""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import typer

from commands.output import complain, heading, say

PROJECT = Path(__file__).resolve().parents[1]

# The stack under test and the tests themselves share the cores.
PYTEST_WORKERS = 2

CHECKS: tuple[tuple[str, Sequence[str]], ...] = (
    ("Lint", ("ruff", "check", ".")),
    ("Format", ("ruff", "format", "--check", ".")),
    ("Types", ("mypy", ".")),
)


def test(context: typer.Context) -> None:
    """Stop at the first check that fails and leave with its status."""
    if importlib.util.find_spec("pytest") is None:
        complain("The tests' own packages are not installed; ./leadline test sets them up.")
        raise typer.Exit(1)
    imports = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]
    tests = [sys.executable, "-m", "pytest", "-n", str(PYTEST_WORKERS), *context.args]
    steps = [(title, [sys.executable, "-m", *arguments]) for title, arguments in CHECKS]
    for title, command in [*steps, ("Imports", imports), ("Tests", tests)]:
        run(title, command)
    say("All checks passed")


def run(title: str, command: Sequence[str]) -> None:
    """Run one check below its heading.

    Raises:
        typer.Exit: It failed; with its status.
    """
    heading(title)
    done = subprocess.run(command, cwd=PROJECT, check=False, env=_environment())
    if done.returncode != 0:
        complain(f"{title} failed")
        raise typer.Exit(done.returncode if done.returncode > 0 else 1)


def _environment() -> dict[str, str]:
    """Without anything that could lead a test to a real account or database."""
    real = ("RETELL_", "DATABASE_", "TEMPORAL_", "LEADLINE_", "PAGERDUTY_", "SLACK_")
    return {name: value for name, value in os.environ.items() if not name.startswith(real) and name != "PORT"}
