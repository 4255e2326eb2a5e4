"""What the demo shows: live on a terminal, plain lines elsewhere."""

import contextlib
import time
from collections.abc import Iterator
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from commands.output import harmless

PLAIN_SECONDS = 2.0


class Meter(Protocol):
    """Shows how far something is."""

    def show(self, done: int, words: str) -> None: ...


class Screen:
    """A reader that went away (``| head``) must not bring the running system down."""

    def __init__(self, console: Console) -> None:
        self._console = console

    @property
    def is_terminal(self) -> bool:
        return self._console.is_terminal

    def say(self, text: str = "") -> None:
        self._print(text, style=None)

    def head(self, text: str) -> None:
        """A headline, set apart from what came before."""
        self._print("", style=None)
        self._print(text, style="bold")

    @contextlib.contextmanager
    def meter(self, total: int) -> Iterator[Meter]:
        """Until the end of the block, something that goes from 0 to ``total``."""
        if not self.is_terminal:
            yield _Lines(self, total)
            return
        columns = (
            BarColumn(30),
            TextColumn("{task.completed:.0f} of {task.total:.0f}"),
            TextColumn("{task.description}"),
        )
        with Progress(*columns, TimeElapsedColumn(), console=self._console) as progress:
            yield _Bar(progress, progress.add_task("", total=total))

    def _print(self, text: str, *, style: str | None) -> None:
        with contextlib.suppress(OSError):
            self._console.print(harmless(text), style=style, markup=False, highlight=False, soft_wrap=True)


class _Bar:
    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress = progress
        self._task = task

    def show(self, done: int, words: str) -> None:
        self._progress.update(self._task, completed=done, description=words)


class _Lines:
    """A line every other second while something changes, and one at the end."""

    def __init__(self, screen: Screen, total: int) -> None:
        self._screen = screen
        self._total = total
        self._last = ""
        self._shown_at = float("-inf")

    def show(self, done: int, words: str) -> None:
        line = f"  {done} of {self._total} {words}"
        is_due = time.monotonic() - self._shown_at >= PLAIN_SECONDS or done == self._total
        if line != self._last and is_due:
            self._screen.say(line)
            self._last, self._shown_at = line, time.monotonic()
