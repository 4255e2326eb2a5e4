"""The running API, as the daily commands talk to it: found by its home, signed in, errors as one sentence."""

import contextlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import typer

from commands.output import complain
from runtime.settings import Settings, SettingsError, load_settings

ANSWER_SECONDS = 30.0
PAGE = "200"  # the most that a list gives at once

Json = dict[str, Any]


class NotPossible(Exception):  # noqa: N818 - says what happened
    """The command can't do what it was asked to; the text is for the person at the terminal."""


class Api:
    """Signed in. Every method raises ``NotPossible`` with what the API said where it refuses."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    def ask(self, method: str, path: str, **request: Any) -> Json:  # noqa: ANN401 - httpx's own arguments
        try:
            answer = self._http.request(method, f"/api/v1{path}", **request)
        except httpx.HTTPError as error:
            raise NotPossible(f"Leadline doesn't answer ({type(error).__name__}); is it running?") from None
        if not answer.is_success:
            raise NotPossible(_said(answer))
        body: Json = answer.json() if answer.content else {}
        return body

    def everything(self, path: str) -> list[Json]:
        """All pages of a list."""
        items: list[Json] = []
        query: dict[str, str] = {"limit": PAGE}
        while True:
            page = self.ask("GET", path, params=query)
            items += page["items"]
            if page["next_cursor"] is None:
                return items
            query["cursor"] = page["next_cursor"]


def with_api(act: Callable[[Api], None]) -> None:
    """Do something with the running API; status 1 and one sentence where that isn't possible."""
    try:
        with connected(load_settings(os.environ)) as api:
            act(api)
    except (NotPossible, SettingsError) as error:
        complain(str(error))
        raise typer.Exit(1) from None


@contextlib.contextmanager
def connected(settings: Settings, transport: httpx.BaseTransport | None = None) -> Iterator[Api]:
    """By LEADLINE_API_KEY, else as the first user, who is signed out again at the end.

    Raises:
        NotPossible: there is no running API, or no way in.
    """
    with httpx.Client(
        base_url=_address(settings), transport=transport, timeout=ANSWER_SECONDS, trust_env=False
    ) as http:
        api = Api(http)
        if settings.api_key is not None:
            http.headers["Authorization"] = f"Bearer {settings.api_key.get_secret_value()}"
            yield api
            return
        form = {"username": settings.admin_email, "password": _password(settings)}
        http.headers["Authorization"] = f"Bearer {api.ask('POST', '/auth/token', data=form)['access_token']}"
        try:
            yield api
        finally:
            with contextlib.suppress(NotPossible):
                api.ask("POST", "/auth/sign-out")


def _address(settings: Settings) -> str:
    """Of the stack of this home; else, in a container, where the settings say that the API listens."""
    try:
        addresses: Mapping[str, str] = json.loads((settings.home / "addresses.json").read_text())
        return addresses["api"]
    except (OSError, ValueError, KeyError):
        return f"http://{settings.host}:{settings.port}"


def _password(settings: Settings) -> str:
    if settings.admin_password is not None:
        return settings.admin_password.get_secret_value()
    kept = _kept(settings.home).get("admin_password")
    if kept is None:
        raise NotPossible("Set LEADLINE_API_KEY to the API key of an admin, or LEADLINE_ADMIN_PASSWORD.")
    return kept


def _kept(home: Path) -> Mapping[str, str]:
    try:
        kept: Mapping[str, str] = json.loads((home / "secrets.json").read_text())
    except (OSError, ValueError):
        return {}
    return kept


def _said(answer: httpx.Response) -> str:
    try:
        detail = str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        detail = answer.reason_phrase
    if answer.status_code == httpx.codes.UNAUTHORIZED:
        return f"{detail} Set LEADLINE_API_KEY to the API key of an admin, or LEADLINE_ADMIN_PASSWORD."
    return detail
