"""``./leadline up``: the whole system in the foreground."""

import asyncio
import os

import typer

from commands.output import complain, say
from runtime.embedded.errors import StackError
from runtime.embedded.foreground import run_until_stopped
from runtime.embedded.plan import Plan
from runtime.embedded.stack import Stack
from runtime.public_address import how_to_be_reached, is_public
from runtime.settings import SettingsError, load_settings


def up() -> None:
    """Start everything, stay, and stop it in order on Ctrl-C or SIGTERM."""
    try:
        asyncio.run(_up())
    except (StackError, SettingsError) as error:
        complain(str(error))
        raise typer.Exit(1) from None


async def _up() -> None:
    stack = Stack(load_settings(os.environ).home, os.environ, say=say, real=True)
    await run_until_stopped(stack, say=say, when_up=lambda: say(summary(stack.plan)))
    say("Stopped")


def summary(plan: Plan) -> str:
    """What a person wants to know once everything runs: where to look and how to sign in."""
    addresses = plan.addresses()
    calls = "go to the simulator, nobody's phone rings" if plan.simulator_url else "go to Retell and ring real phones"
    rows = [
        ("Dashboard and API", plan.api_url),
        ("API documentation", f"{plan.api_url}/docs"),
        *([("Temporal UI", addresses["temporal_ui"])] if addresses["temporal_ui"] else []),
        ("Sign in", f"{plan.settings.admin_email}, {_password(plan)}"),
        ("Calls", calls),
        ("Logs", str(plan.home.logs)),
    ]
    width = max(len(name) for name, _ in rows) + 2
    lines = [f"  {name:<{width}}{value}" for name, value in rows]
    return "\n".join(["", "Leadline is up; Ctrl-C stops it.", *lines, *_tunnel(plan), ""])


def _tunnel(plan: Plan) -> list[str]:
    """What to do where real calls are made and their webhooks can't arrive."""
    reachable = plan.settings.public_url or plan.api_url
    return [] if plan.simulator_url or is_public(reachable) else ["", how_to_be_reached(reachable)]


def _password(plan: Plan) -> str:
    """The password, shown once when it was generated."""
    if plan.password_is_new:
        return f"password {plan.admin_password} (shown this once)"
    if plan.settings.admin_password is not None:
        return "password as set in LEADLINE_ADMIN_PASSWORD"
    return f"password as shown at the first start (kept in {plan.home.folder / 'secrets.json'})"
