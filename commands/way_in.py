"""Where the stack of this home is found, and what one signs in with."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from commands.api_errors import NO_WAY_IN, ApiRefused, NoWayIn
from runtime.settings import Settings, SettingsError, load_settings

AskPassword = Callable[[str], str]
"""Asks the person at the terminal for the password of an address."""


def settings_of(environ: Mapping[str, str]) -> Settings:
    """What the environment says.

    Raises:
        ApiRefused: it says something unknown or impossible, so that nothing is found by it.
    """
    try:
        return load_settings(environ)
    except SettingsError as error:
        raise ApiRefused(str(error)) from None


def published(home: Path) -> Mapping[str, str | None]:
    """The addresses of the stack that runs in this home, or was killed there; none where it was stopped in order."""
    return _kept(home / "addresses.json")


def api_address(settings: Settings) -> str:
    """Of the stack of this home; else, in a container, where the settings say that the API listens."""
    return published(settings.home).get("api") or f"http://{settings.host}:{settings.port}"


def password(settings: Settings, ask: AskPassword | None = None) -> str:
    """The environment's, else the one that the stack of this home has made, else a person's where one can be asked.

    Raises:
        NoWayIn: there is none.
    """
    if settings.admin_password is not None:
        return settings.admin_password.get_secret_value()
    made = _kept(settings.home / "secrets.json").get("admin_password")
    if made:
        return str(made)
    if ask is not None:
        return ask(settings.admin_email)
    raise NoWayIn(f"{NO_WAY_IN} Where nothing runs yet, ./leadline up starts it.")


def _kept(file: Path) -> Mapping[str, Any]:
    try:
        kept = json.loads(file.read_text())
    except (OSError, ValueError):
        return {}
    return kept if isinstance(kept, dict) else {}
