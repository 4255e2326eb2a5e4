"""``./leadline connect``: from a Retell key to a call on one's own phone."""

import dataclasses
import getpass
import json
import os
import sys
from functools import partial
from typing import Annotated

import typer
from rich.console import Console

from commands.api_access import running_api
from commands.api_errors import ApiRefused
from commands.connecting import Connecting, Step, Trunk, Wish
from commands.daily import refused
from commands.output import complain, one_line, say
from commands.way_in import settings_of
from runtime.settings import Settings

TRUNK_PASSWORD = "SIP_TRUNK_PASSWORD"  # noqa: S105 - the name of a variable


def connect(
    simulator: Annotated[bool, typer.Option("--simulator", help="Rehearse with the simulator, without a key.")] = False,
    phone: Annotated[str | None, typer.Option("--phone", help="Your own phone, which is called once.")] = None,
    name: Annotated[str, typer.Option("--name", help="What a new account is called.")] = "Retell",
    agent: Annotated[str | None, typer.Option("--agent", help="Who calls; else the first published agent.")] = None,
    number: Annotated[str | None, typer.Option("--import", help="A number of your own trunk to bring in.")] = None,
    termination_uri: Annotated[str | None, typer.Option("--termination-uri", help="Where the trunk is called.")] = None,
    trunk_username: Annotated[
        str | None, typer.Option("--trunk-username", help=f"Its password is read from {TRUNK_PASSWORD}, or asked for.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs; asks nothing.")] = False,
) -> None:
    """Status 0 when every step is well, else 1. The key is read from RETELL_API_KEY or asked for, never an argument."""
    if (number is None) != (termination_uri is None):
        complain("--import and --termination-uri belong together.")
        raise typer.Exit(2)
    try:
        settings = settings_of(os.environ)
    except ApiRefused as error:
        raise refused(error, as_json=as_json) from None
    asks = not as_json and sys.stdin.isatty()
    wish = Wish(
        key=None if simulator else _key(settings, asks=asks),
        simulator=simulator,
        name=name,
        agent_id=agent,
        trunk=_trunk(number, termination_uri, trunk_username, asks=asks),
        phone=phone,
    )
    enter = partial(running_api, os.environ, ask=_ask_password if asks else None)
    steps = _told(Connecting(enter, wish), as_json=as_json)
    if not all(step.ok for step in steps):
        raise typer.Exit(1)


def _told(connecting: Connecting, *, as_json: bool) -> list[Step]:
    """All steps, each said as soon as it is known; for programs in one piece."""
    steps: list[Step] = []
    console = Console(highlight=False)
    for step in connecting.steps():
        steps.append(step)
        if not as_json:
            console.print(f"[{'green' if step.ok else 'red'}]{'✓' if step.ok else '✗'}[/] {step.step:<17}", end="")
            console.print(one_line(step.detail), markup=False)
            if step.remedy is not None:
                console.print(f"  → {one_line(step.remedy)}", markup=False)
    if as_json:
        told = {"ok": all(step.ok for step in steps), "steps": [dataclasses.asdict(step) for step in steps]}
        say(json.dumps(told, indent=2))
    return steps


def _ask_password(email: str) -> str:
    return getpass.getpass(f"Password of {email}: ")


def _key(settings: Settings, *, asks: bool) -> str | None:
    if settings.retell_api_key is not None:
        return settings.retell_api_key.get_secret_value()
    return (getpass.getpass("Retell API key (not shown): ").strip() or None) if asks else None


def _trunk(number: str | None, uri: str | None, username: str | None, *, asks: bool) -> Trunk | None:
    if number is None or uri is None:
        return None
    password = os.environ.get(TRUNK_PASSWORD) or None
    if username is not None and password is None and asks:
        password = getpass.getpass("Password of the trunk (not shown): ") or None
    return Trunk(phone_number=number, termination_uri=uri, username=username, password=password)
