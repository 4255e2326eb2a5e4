"""The running API, as daily commands use it: found by its home, with an API key or signed in as the first user."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
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
NO_WAY_IN = "Set LEADLINE_API_KEY to the API key of an admin, or LEADLINE_ADMIN_PASSWORD."
PASSING = (httpx.codes.TOO_MANY_REQUESTS, httpx.codes.SERVICE_UNAVAILABLE)


class ApiRefused(Exception):  # noqa: N818 - says what happened, as the house's other errors do
    """The API is not there or said no; the text is for the person at the terminal.

    ``detail``: the same without the number of the answer's status.
    """

    def __init__(self, message: str, *, detail: str | None = None) -> None:
        super().__init__(message)
        self.detail = detail or message


class ApiAway(ApiRefused):
    """It is not there, or has too much to do: asking again in a moment may help."""


class Api:
    """Every method raises ``ApiRefused`` where the API says no or isn't there."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    def carry(self, credential: str) -> None:
        """Send this token or key with all further requests."""
        self._http.headers["Authorization"] = f"Bearer {credential}"

    def sign_in(self, email: str, password: str) -> None:
        """Take a token that all further requests carry."""
        token = self.ask("POST", "/api/v1/auth/token", data={"username": email, "password": password})
        self.carry(token["access_token"])

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
                raise _refusal(answer)
            for piece in answer.iter_bytes():
                file.write(piece)

    def _send(self, request: Callable[[], httpx.Response]) -> httpx.Response:
        try:
            answer = request()
        except httpx.TransportError as error:
            raise ApiAway(f"Leadline doesn't answer ({type(error).__name__}); ./leadline status says more.") from None
        if answer.is_error:
            raise _refusal(answer)
        return answer


@contextmanager
def running_api(environ: Mapping[str, str], transport: httpx.BaseTransport | None = None) -> Iterator[Api]:
    """The API of the stack that runs here, by LEADLINE_API_KEY, else as the first user, who is signed out at the end.

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
        if settings.api_key is not None:
            api.carry(settings.api_key.get_secret_value())
            yield api
            return
        api.sign_in(settings.admin_email, _password(settings))
        try:
            yield api
        finally:
            with suppress(ApiRefused):
                api.ask("POST", "/api/v1/auth/sign-out")


def _refusal(answer: httpx.Response) -> ApiRefused:
    message = said(answer)
    if answer.status_code == httpx.codes.UNAUTHORIZED:
        message = f"{message} {NO_WAY_IN}"
    kind = ApiAway if answer.status_code in PASSING else ApiRefused
    return kind(message, detail=message.removeprefix(f"{answer.status_code} "))


def _address(settings: Settings) -> str:
    """Of the stack of this home; else, in a container, where the settings say that the API listens."""
    try:
        return str(json.loads((settings.home / "addresses.json").read_text())["api"])
    except (OSError, ValueError, KeyError):
        return f"http://{settings.host}:{settings.port}"


def _password(settings: Settings) -> str:
    if settings.admin_password is not None:
        return settings.admin_password.get_secret_value()
    try:
        return str(json.loads((settings.home / "secrets.json").read_text())["admin_password"])
    except (OSError, ValueError, KeyError):
        raise ApiRefused(f"{NO_WAY_IN} Where nothing runs yet, ./leadline up starts it.") from None
