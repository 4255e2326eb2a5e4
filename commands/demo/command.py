"""``./leadline demo`` as a command: a stack of its own, with the simulator whatever the environment says."""

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import httpx
import typer
from rich.console import Console

from commands.demo.client import DemoFailed
from commands.demo.lead_file import MOST_LEADS
from commands.demo.screen import Screen
from commands.demo.story import Clock, Story
from commands.output import complain
from runtime.embedded.environments import isolated
from runtime.embedded.errors import StackError
from runtime.embedded.foreground import run_for
from runtime.embedded.stack import Stack
from runtime.settings import PREFIX, SettingsError, load_settings

REQUEST_SECONDS = 60.0


def demo(
    leads: Annotated[
        int | None,
        typer.Option(
            "--leads", min=1, max=MOST_LEADS, help="So many leads; without it, every row of examples/leads.csv."
        ),
    ] = None,
    leave: Annotated[bool, typer.Option("--exit", help="End after the summary, on a terminal too.")] = False,
) -> None:
    """Start everything, call every lead, say how it went; on a terminal stay until Ctrl-C."""
    screen = Screen(Console())
    try:
        asyncio.run(_demo(screen, leads, stays=screen.is_terminal and not leave))
    except (StackError, SettingsError, DemoFailed) as error:
        complain(str(error))
        raise typer.Exit(1) from None


async def _demo(screen: Screen, leads: int | None, *, stays: bool) -> None:
    clock = Clock.started()
    home = demo_home(os.environ)
    stack = Stack(home, isolated(os.environ) | {"LEADLINE_RATE_LIMIT": "off"}, say=screen.say)
    screen.say(f"Starting a Leadline of its own in {home}, with a simulator instead of a telephone network")

    async def tell() -> None:
        async with httpx.AsyncClient(base_url=stack.plan.api_url, timeout=REQUEST_SECONDS, trust_env=False) as http:
            await Story(stack.plan, http, screen, clock).tell(leads, stays=stays)
        if stays:
            screen.say("\nIt stays up for you to look around; Ctrl-C stops it.")
            await asyncio.Event().wait()

    await run_for(stack, say=screen.say, work=tell)
    screen.say("Stopped")


def demo_home(environ: Mapping[str, str]) -> Path:
    """Beside the state of ``./leadline up``, so that neither meets the other's data.

    Raises:
        SettingsError: A ``LEADLINE_`` variable is unknown or impossible.
    """
    ours = {name: value for name, value in environ.items() if name.startswith(PREFIX)}
    return load_settings(ours).home.absolute() / "demo"
