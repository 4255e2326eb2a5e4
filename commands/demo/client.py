"""The API as the demo uses it: signed in and over HTTP, like any other client."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx

from commands.api_errors import sentence_of

PAGE = 200  # the most that a list gives at once
PATIENCE_SECONDS = 60.0
PAUSE_SECONDS = 0.5

Json = dict[str, Any]


class DemoFailed(Exception):  # noqa: N818 - says what happened, as the house's other errors do
    """The demo can't go on; the text is for the person at the terminal."""


class Client:
    """Asks again for a minute where nobody answers: a part that crashed is started again by the supervisor."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        *,
        patience_seconds: float = PATIENCE_SECONDS,
        pause_seconds: float = PAUSE_SECONDS,
    ) -> None:
        self._http = http
        self._patience_seconds = patience_seconds
        self._pause_seconds = pause_seconds

    async def sign_in(self, email: str, password: str) -> None:
        """Take a token that all further requests carry.

        Raises:
            DemoFailed: As all methods do, when the API refuses or stays away; the text says what it said.
        """
        token = await self._ask("POST", "/api/v1/auth/token", data={"username": email, "password": password})
        self._http.headers["Authorization"] = f"Bearer {token['access_token']}"

    async def get(self, path: str, **query: str) -> Json:
        return await self._ask("GET", path, params=query)

    async def post(self, path: str, body: Json | None = None) -> Json:
        return await self._ask("POST", path, json=body)

    async def patch(self, path: str, body: Json) -> Json:
        return await self._ask("PATCH", path, json=body)

    async def everything(self, path: str, **query: str) -> list[Json]:
        """All items of a list, newest first."""
        return [item async for page in self.pages(path, **query) for item in page]

    async def pages(self, path: str, **query: str) -> AsyncIterator[list[Json]]:
        """The items of a list, newest first, page after page."""
        cursor: Json = {}
        while True:
            page = await self.get(path, limit=str(PAGE), **query, **cursor)
            yield page["items"]
            if page["next_cursor"] is None:
                return
            cursor = {"cursor": page["next_cursor"]}

    async def _ask(self, method: str, path: str, **request: Any) -> Json:  # noqa: ANN401 - httpx's own arguments
        deadline = time.monotonic() + self._patience_seconds
        while True:
            problem: str
            try:
                answer = await self._http.request(method, path, **request)
            except httpx.TransportError as error:
                problem = f"no answer ({type(error).__name__})"
            else:
                if answer.is_success:
                    body: Json = answer.json()
                    return body
                problem = f"{answer.status_code} {sentence_of(answer)}"
                if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                    raise DemoFailed(f"{method} {path}: {problem}")
            if time.monotonic() > deadline:
                raise DemoFailed(f"{method} {path}: {problem}")
            await asyncio.sleep(self._pause_seconds)
