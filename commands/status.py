"""``./leadline status``: what runs on this machine."""

import json
import os
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer

from commands.output import complain, say
from runtime.settings import SettingsError, load_settings

ANSWER_SECONDS = 5.0


def status(as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """Ask the running API; status 0 when it is able to work, 1 when nothing runs or something is missing."""
    try:
        home = load_settings(os.environ).home
    except SettingsError as error:
        complain(str(error))
        raise typer.Exit(1) from None
    report = asked(home)
    say(json.dumps(report, indent=2) if as_json else sentence(report))
    if not report["ready"]:
        raise typer.Exit(1)


def asked(home: Path, transport: httpx.BaseTransport | None = None) -> dict[str, Any]:
    """What the API of this home says of itself: ``running``, ``ready``, ``addresses`` and its own ``checks``.

    Passwords are left out of the addresses.
    """
    try:
        addresses: dict[str, str | None] = json.loads((home / "addresses.json").read_text())
    except (OSError, ValueError):
        return {"running": False, "ready": False, "addresses": {}, "checks": None}
    shown = {name: address for name, address in addresses.items() if name != "postgres"}
    try:
        with httpx.Client(transport=transport, timeout=ANSWER_SECONDS, trust_env=False) as client:
            answer = client.get(f"{addresses['api']}/readyz")
    except httpx.HTTPError:
        return {"running": False, "ready": False, "addresses": shown, "checks": None}
    return {"running": True, "ready": answer.status_code == httpx.codes.OK, "addresses": shown, "checks": _body(answer)}


def _body(answer: httpx.Response) -> object:
    try:
        return answer.json()
    except ValueError:
        return answer.text


def sentence(report: dict[str, Any]) -> str:
    """The report for people."""
    if not report["running"]:
        known = report["addresses"]
        return (
            "Leadline is starting, or was killed; ./leadline up starts it."
            if known
            else ("Nothing runs here; ./leadline up starts it.")
        )
    state = "runs and is able to work" if report["ready"] else f"runs but is not able to work: {report['checks']}"
    rows = [f"  {name:<12} {address}" for name, address in report["addresses"].items() if address]
    return "\n".join([f"Leadline {state}", *rows])
