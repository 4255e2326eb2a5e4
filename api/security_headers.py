"""What browsers are told with every answer, also with an error.

Source: OWASP HTTP Headers and REST Security cheat sheets; RFC 6797 (Strict-Transport-Security).
"""

from collections.abc import Sequence

from starlette.types import ASGIApp, Message, Receive, Scope, Send

API = "/api/"

ALWAYS = ((b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer"))
NOT_KEPT = (b"cache-control", b"no-store")

CSP = b"content-security-policy"
OF_PAGES = (CSP, b"frame-ancestors 'none'; base-uri 'self'; object-src 'none'; form-action 'self'")
"""Of HTML: nobody shows it within a page of their own, where a click could be stolen."""

OF_ALL_ELSE = (CSP, b"default-src 'none'; frame-ancestors 'none'")
"""Data is no page: whatever is in it runs nowhere."""

HTTPS_ONLY = (b"strict-transport-security", b"max-age=31536000")

Header = tuple[bytes, bytes]


class SecurityHeaders:
    """Adds what the answer doesn't say itself. ``https_only``: browsers that came by https never come by http again."""

    def __init__(self, app: ASGIApp, *, https_only: bool) -> None:
        self._app = app
        self._https_only = https_only

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            send = _Secured(send, self._said(scope))
        await self._app(scope, receive, send)

    def _said(self, scope: Scope) -> Sequence[Header]:
        said: Sequence[Header] = ALWAYS
        if scope["path"].startswith(API):
            said = (*said, NOT_KEPT)
        if self._https_only and scope["scheme"] == "https":
            said = (*said, HTTPS_ONLY)
        return said


class _Secured:
    def __init__(self, send: Send, said: Sequence[Header]) -> None:
        self._send = send
        self._said = said

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], *self._missing(message["headers"])]}
        await self._send(message)

    def _missing(self, headers: Sequence[Header]) -> Sequence[Header]:
        given = {name.lower(): value for name, value in headers}
        policy = OF_PAGES if given.get(b"content-type", b"").startswith(b"text/html") else OF_ALL_ELSE
        return [header for header in (*self._said, policy) if header[0] not in given]
