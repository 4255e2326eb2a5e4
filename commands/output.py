"""How commands speak to the person at the terminal."""

import contextlib
import re
import sys

from rich.console import Console

# Control characters, with escape sequences among them; what turns the direction of writing; separators of lines that
# terminals may follow; and halves of characters, which can't be written.
_UNFIT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def say(line: str) -> None:
    """Print one line now; a reader that went away (``| head``) must not bring a running system down."""
    with contextlib.suppress(OSError):
        print(harmless(line), flush=True)


def complain(sentence: str) -> None:
    """Print one sentence to the error stream."""
    with contextlib.suppress(OSError):
        print(harmless(sentence), file=sys.stderr, flush=True)


def heading(text: str) -> None:
    """Set a step apart from the output of the one before."""
    with contextlib.suppress(OSError):
        Console().rule(text, align="left", characters="─")


def harmless(text: str) -> str:
    """What others wrote, without anything that steers a terminal; line breaks and tabs stay."""
    return _UNFIT.sub("\ufffd", text)


def one_line(text: str) -> str:
    """The same on one line, so that nothing in it looks like a line of ours."""
    return harmless(" ".join(text.split()))
