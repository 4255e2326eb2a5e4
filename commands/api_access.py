"""The running API, as daily commands use it: found in the home, signed in as the first user."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx

from commands.demo.client import said
from runtime.settings import Settings, SettingsError, load_settings

Json = dict[str, Any]
Answer = TypeVar("Answer")

REQUEST_SECONDS = 60.0
UPLOAD_SECONDS = 600.0
PAGE = "200"
PASSING = (httpx.codes.TOO_MANY_REQUESTS, httpx.codes.SERVICE_UNAVAILABLE)


class ApiRefused(Exception):  # noqa: N818 - says what happened, as the house's other errors do
    """The API is not there or said no; the text is for the person at the terminal."""


class ApiAway(ApiRefused):
    """It is not there, or has too much to do: asking again in a moment may help."""


class Api:
    """Every method raises ``ApiRefused`` where the API says no or isn't there."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    def sign_in(self, email: str, password: str) -> None:
        """Take a token that all further requests carry."""
        token = self.ask("POST", "/api/v1/auth/token", data={"username": email, "password": password})
        self._http.headers["Authorization"] = f"Bearer {token['access_token']}"

    def ask(self, method: str, path: str, **request: Any) -> Json:  # noqa: ANN401 - httpx's own arguments
        answer = self._send(lambda: self._http.request(method, path, **request))
        body: Json = answer.json() if answer.content else {}
        return body

    def everything(self, path: str, *, at_most: int | None = None, **query: str) -> list[Json]:
        """The items of a list, newest first, page after page."""
        items: list[Json] = []
        cursor: dict[str, str] = {}
        while True:
            page = self.ask("GET", path, params={"limit": PAGE, **query, **cursor})
            items += page["items"]
            if page["next_cursor"] is None or (at_most is not None and len(items) >= at_most):
                return items[:at_most]
            cursor = {"cursor": page["next_cursor"]}

    def download(self, path: str, target: Path) -> None:
        """Write an answer into a file as it comes."""
        with self._http.stream("GET", path) as answer, target.open("wb") as file:
            if answer.is_error:
                answer.read()
                raise ApiRefused(said(answer))
            for piece in answer.iter_bytes():
                file.write(piece)

    def _send(self, request: Callable[[], httpx.Response]) -> httpx.Response:
        try:
            answer = request()
        except httpx.TransportError as error:
            raise ApiAway(f"The API doesn't answer ({type(error).__name__}); ./leadline status says more.") from None
        if answer.status_code in PASSING:
            raise ApiAway(said(answer))
        if answer.is_error:
            raise ApiRefused(said(answer))
        return answer


@contextmanager
def running_api(environ: Mapping[str, str], transport: httpx.BaseTransport | None = None) -> Iterator[Api]:
    """The API of the stack that runs here, signed in.

    Raises:
        ApiRefused: nothing runs, or it doesn't let us in.
    """
    try:
        settings = load_settings(environ)
    except SettingsError as error:
        raise ApiRefused(str(error)) from None
    url = _address(settings)
    with httpx.Client(base_url=url, transport=transport, timeout=REQUEST_SECONDS, trust_env=False) as http:
        api = Api(http)
        api.sign_in(settings.admin_email, _password(settings))
        yield api


def _address(settings: Settings) -> str:
    try:
        return str(json.loads((settings.home / "addresses.json").read_text())["api"])
    except (OSError, ValueError, KeyError):
        raise ApiRefused("Nothing runs here; ./leadline up starts it.") from None


def _password(settings: Settings) -> str:
    if settings.admin_password is not None:
        return settings.admin_password.get_secret_value()
    try:
        return str(json.loads((settings.home / "secrets.json").read_text())["admin_password"])
    except (OSError, ValueError, KeyError):
        raise ApiRefused("Set LEADLINE_ADMIN_PASSWORD: the password isn't kept in this home.") from None
