"""Where the voice provider reports. Webhooks come in crowds and need nothing of what other requests do: no route to be
found among a hundred, no parameters, no token, no CORS, no validator. All that together costs more than to take one.
"""

from dataclasses import dataclass
from uuid import UUID

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from api.body_limit import WEBHOOK_PATH, whole_body
from api.dependencies import Dependencies
from api.problems import Problem, problem_response
from api.webhook_intake import SignedBody, take_webhook

SIGNATURE = b"x-retell-signature"


@dataclass(frozen=True, slots=True)
class _Address:
    """``path``: the address's template, under which it is measured. ``account_id`` of none: the default account."""

    path: str
    account_id: UUID | None


_DEFAULT = _Address(WEBHOOK_PATH, None)


class WebhookDoor:
    """Answers 204 once a webhook is stored, with what an agent is to be told where somebody rings, or with the problem.

    What is no webhook passes on to the application.
    """

    def __init__(self, app: ASGIApp, dependencies: Dependencies) -> None:
        self._app = app
        self._dependencies = dependencies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        address = _address(scope)
        if address is None:
            await self._app(scope, receive, send)
            return
        scope["route"] = address
        try:
            signed = SignedBody(await whole_body(scope, receive), _signature(scope))
            answer = await take_webhook(self._dependencies, signed, address.account_id)
        except Problem as problem:
            await problem_response(problem)(scope, receive, send)
            return
        if answer is not None:
            await JSONResponse(answer)(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})


def _address(scope: Scope) -> _Address | None:
    """Which address of webhooks was posted to."""
    if scope["type"] != "http" or scope["method"] != "POST" or not scope["path"].startswith(WEBHOOK_PATH):
        return None
    rest = scope["path"].removeprefix(WEBHOOK_PATH)
    if not rest:
        return _DEFAULT
    if not rest.startswith("/"):
        return None
    try:
        return _Address(f"{WEBHOOK_PATH}/{{account_id}}", UUID(rest.removeprefix("/")))
    except ValueError:
        return None


def _signature(scope: Scope) -> str | None:
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == SIGNATURE), None)
