"""What a counted request is told: how many more there may be, and when.

Source: draft-ietf-httpapi-ratelimit-headers-10 (``RateLimit``, ``RateLimit-Policy``).
"""

from collections.abc import Sequence

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.database_away import DATABASE_ERRORS
from api.identification import Counted, Identification

POLICY = '"default"'
COUNTED = "counted"
"""Where a request's count stands in its scope's state."""

NOT_MODIFIED = 304


class RateHeaders:
    """Adds the headers; a request whose answer is that nothing has changed is given back."""

    def __init__(self, app: ASGIApp, identification: Identification) -> None:
        self._app = app
        self._identification = identification

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            send = _Headed(scope, send, self._identification)
        await self._app(scope, receive, send)


class _Headed:
    def __init__(self, scope: Scope, send: Send, identification: Identification) -> None:
        self._scope = scope
        self._send = send
        self._identification = identification

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            counted = self._scope.get("state", {}).get(COUNTED)
            if isinstance(counted, Counted):
                counted = await self._settled(counted, message["status"])
                message = {**message, "headers": [*message["headers"], *headers(counted)]}
        await self._send(message)

    async def _settled(self, counted: Counted, status: int) -> Counted:
        if status != NOT_MODIFIED:
            return counted
        try:
            return await self._identification.give_back(counted)
        except DATABASE_ERRORS:
            return counted  # one request is counted too many: the answer is worth more


def headers(counted: Counted) -> Sequence[tuple[bytes, bytes]]:
    asked = counted.asked
    policy = f"{POLICY};q={asked.rate.requests};w={asked.rate.seconds}"
    left = f"{POLICY};r={asked.remaining};t={asked.more_in_seconds}"
    return [(b"ratelimit-policy", policy.encode()), (b"ratelimit", left.encode())]
