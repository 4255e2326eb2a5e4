"""What browsers are told with every answer, also with an error.

Source: OWASP HTTP Headers and REST Security cheat sheets; RFC 6797 (Strict-Transport-Security).
"""

from collections.abc import Sequence

from starlette.types import ASGIApp, Message, Receive, Scope, Send

API = "/api/"

CACHE_CONTROL = b"cache-control"

ALWAYS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (CACHE_CONTROL, b"no-store"),
)
"""Nothing is kept by anybody unless an answer says how it may be."""

OF_ONE = (b"no-store", b"private")
"""One of these stands in every answer of the API: what is somebody's no cache on the way keeps for others."""

OF_ORIGIN = (b"origin",)
OF_WHOM = (*OF_ORIGIN, b"authorization")
"""By what answers differ: what a browser kept of one person is never taken for another's, nor asked after as theirs."""

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
            send = _Secured(send, self._said(scope), is_of_one=scope["path"].startswith(API))
        await self._app(scope, receive, send)

    def _said(self, scope: Scope) -> Sequence[Header]:
        return (*ALWAYS, HTTPS_ONLY) if self._https_only and scope["scheme"] == "https" else ALWAYS


class _Secured:
    """``is_of_one``: the answer may be another one, or none, for somebody else."""

    def __init__(self, send: Send, said: Sequence[Header], *, is_of_one: bool) -> None:
        self._send = send
        self._said = said
        self._is_of_one = is_of_one

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            given = _varying(message["headers"], OF_WHOM if self._is_of_one else OF_ORIGIN)
            given = _without_shared_keeping(given) if self._is_of_one else given
            message = {**message, "headers": [*given, *self._missing(given)]}
        await self._send(message)

    def _missing(self, headers: Sequence[Header]) -> Sequence[Header]:
        given = {name.lower(): value for name, value in headers}
        policy = OF_PAGES if given.get(b"content-type", b"").startswith(b"text/html") else OF_ALL_ELSE
        return [header for header in (*self._said, policy) if header[0] not in given]


def _varying(headers: Sequence[Header], by: Sequence[bytes]) -> Sequence[Header]:
    """The headers with ``Vary`` naming these too, once each."""
    named = [name.strip() for header, value in headers if header.lower() == b"vary" for name in value.split(b",")]
    known = {name.lower() for name in named}
    vary = b", ".join([*named, *(name.title() for name in by if name not in known)])
    return [*(header for header in headers if header[0].lower() != b"vary"), (b"vary", vary)]


def _without_shared_keeping(headers: Sequence[Header]) -> Sequence[Header]:
    """The headers without a ``Cache-Control`` by which a cache on the way might keep the answer.

    FastAPI's of event streams is one: ``no-cache`` asks that it be asked for again, not that nobody keep it.
    """
    return [
        (name, value)
        for name, value in headers
        if name.lower() != CACHE_CONTROL or not _directives(value).isdisjoint(OF_ONE)
    ]


def _directives(value: bytes) -> set[bytes]:
    return {directive.strip().lower() for directive in value.split(b",")}
