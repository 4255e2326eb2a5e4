"""The running API, as daily commands use it: with an API key, or signed in as the first user."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from commands.api_errors import ApiRefused, no_answer, not_ours, refusal
from commands.way_in import AskPassword, api_address, password, settings_of
from runtime.settings import Settings

Json = dict[str, Any]

REQUEST_SECONDS = 60.0
UPLOAD_SECONDS = 600.0
PAGE = "200"


class Api:
    """Every method raises ``ApiRefused`` where the API says no or isn't there. ``who`` is let in."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http
        self.who = "nobody"

    def carry(self, credential: str) -> None:
        """Send this token or key with all further requests."""
        self._http.headers["Authorization"] = f"Bearer {credential}"

    def sign_in(self, email: str, password: str) -> None:
        """Take a token that all further requests carry."""
        token = self.ask("POST", "/api/v1/auth/token", data={"username": email, "password": password})
        self.carry(str(token.get("access_token")))

    def ask(self, method: str, path: str, **request: Any) -> Json:  # noqa: ANN401 - httpx's own arguments
        answer = self._send(lambda: self._http.request(method, path, **request))
        if not answer.content:
            return {}
        try:
            body = answer.json()
        except ValueError:
            raise not_ours(answer) from None
        if not isinstance(body, dict):
            raise not_ours(answer)
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
        try:
            with self._http.stream("GET", path) as answer, target.open("wb") as file:
                if answer.is_error:
                    answer.read()
                    raise refusal(answer)
                for piece in answer.iter_bytes():
                    file.write(piece)
        except httpx.HTTPError as error:
            raise no_answer(error) from None

    def elsewhere(self, timeout: httpx.Timeout) -> httpx.AsyncClient:
        """Connections of their own with the same address and credential, for what goes on for long; close them."""
        headers = {"Authorization": self._http.headers["Authorization"]}
        return httpx.AsyncClient(base_url=self._http.base_url, headers=headers, timeout=timeout, trust_env=False)

    def _send(self, request: Callable[[], httpx.Response]) -> httpx.Response:
        try:
            answer = request()
        except httpx.HTTPError as error:
            raise no_answer(error) from None
        if answer.is_error:
            raise refusal(answer)
        return answer


@contextmanager
def running_api(
    environ: Mapping[str, str], transport: httpx.BaseTransport | None = None, ask: AskPassword | None = None
) -> Iterator[Api]:
    """The API of the stack that runs here, by LEADLINE_API_KEY, else as the first user, who is signed out at the end.

    Raises:
        ApiRefused: nothing runs, or it doesn't let us in.
    """
    settings = settings_of(environ)
    url = api_address(settings)
    client = httpx.Client(base_url=url, transport=transport, timeout=REQUEST_SECONDS, trust_env=False)
    with client as http, _let_in(Api(http), settings, ask) as api:
        yield api


@contextmanager
def _let_in(api: Api, settings: Settings, ask: AskPassword | None) -> Iterator[Api]:
    if settings.api_key is not None:
        api.carry(settings.api_key.get_secret_value())
        api.who = "the API key of LEADLINE_API_KEY"
        yield api
        return
    api.sign_in(settings.admin_email, password(settings, ask))
    api.who = settings.admin_email
    try:
        yield api
    finally:
        with suppress(ApiRefused):
            api.ask("POST", "/api/v1/auth/sign-out")


def address(*parts: str) -> str:
    """Of something in the API; what people typed can't lead elsewhere."""
    return "/".join(["/api/v1", *(quote(part, safe="") for part in parts)])
