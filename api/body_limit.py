"""Bodies never go beyond their limit, however they are sent (also in chunks of unknown length).

All are read whole before the application sees them, but for files: these it reads as they come.
"""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import TooLarge, problem_response

MEBIBYTE = 1 << 20
LIMIT_BYTES = MEBIBYTE
WEBHOOK_LIMIT_BYTES = 2 * MEBIBYTE
BATCH_LIMIT_BYTES = 16 * MEBIBYTE  # a thousand leads with fields of their own
FILE_LIMIT_BYTES = 200 * MEBIBYTE  # a dozen million numbers

WEBHOOK_PATH = "/api/v1/calls/webhook"
BATCH_PATH = "/api/v1/leads/batch"
LEADS_PATH = "/api/v1/leads/import"
FILE_PATHS = frozenset({"/api/v1/do-not-call/import", LEADS_PATH})


class BodyLimit:
    """Answers 413 before the application sees a body that is too large."""

    def __init__(self, app: ASGIApp, leads_limit_bytes: int = FILE_LIMIT_BYTES) -> None:
        """``leads_limit_bytes``: of a file of leads, with what multipart adds to it."""
        self._app = app
        self._leads_limit_bytes = leads_limit_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            limited = await self._limited(scope, receive)
        except TooLarge as problem:
            await problem_response(problem)(scope, receive, send)
            return
        await self._app(scope, limited, send)

    async def _limited(self, scope: Scope, receive: Receive) -> Receive:
        """What the application reads the body from."""
        if scope["path"] == LEADS_PATH:
            return _Counted(receive, _check(scope, self._leads_limit_bytes))
        if scope["path"] in FILE_PATHS:
            return _Counted(receive, _check_declared(scope))
        return _Replay(await whole_body(scope, receive), receive)


async def whole_body(scope: Scope, receive: Receive) -> bytes:
    """All of a request's body. A client that goes away midway leaves what came.

    Raises:
        TooLarge: it goes beyond the limit of its address.
    """
    limit = _check_declared(scope)
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        part = message.get("body", b"")
        size += len(part)
        if size > limit:
            raise _too_large(limit)
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


class _Replay:
    """Gives the body that was read, then whatever else comes (that the client went away)."""

    def __init__(self, body: bytes, receive: Receive) -> None:
        self._body: bytes | None = body
        self._receive = receive

    async def __call__(self) -> Message:
        if self._body is None:
            return await self._receive()
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}


class _Counted:
    """Passes a body on as it comes; the application is stopped by a ``TooLarge`` where it goes beyond its limit."""

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive = receive
        self._limit = limit
        self._size = 0

    async def __call__(self) -> Message:
        message = await self._receive()
        self._size += len(message.get("body", b""))
        if self._size > self._limit:
            raise _too_large(self._limit)
        return message


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"The body may have {limit // MEBIBYTE} MiB at most.")


def _limit(path: str) -> int:
    if path.startswith(WEBHOOK_PATH):
        return WEBHOOK_LIMIT_BYTES
    if path in FILE_PATHS:
        return FILE_LIMIT_BYTES
    return BATCH_LIMIT_BYTES if path == BATCH_PATH else LIMIT_BYTES


def _check_declared(scope: Scope) -> int:
    """The limit of a request's body, unless it says itself that it goes beyond it."""
    return _check(scope, _limit(scope["path"]))


def _check(scope: Scope, limit: int) -> int:
    if _declared_bytes(scope) > limit:
        raise _too_large(limit)
    return limit


def _declared_bytes(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value[:20])
    return 0
