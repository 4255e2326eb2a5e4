"""How commands speak to the person at the terminal."""

import contextlib
import sys

from rich.console import Console


def say(line: str) -> None:
    """Print one line now; a reader that went away (``| head``) must not bring a running system down."""
    with contextlib.suppress(OSError):
        print(line, flush=True)


def complain(sentence: str) -> None:
    """Print one sentence to the error stream."""
    with contextlib.suppress(OSError):
        print(sentence, file=sys.stderr, flush=True)


def heading(text: str) -> None:
    """Set a step apart from the output of the one before."""
    with contextlib.suppress(OSError):
        Console().rule(text, align="left", characters="─")
