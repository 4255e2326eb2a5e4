"""Every request is measured, logged without personal data, and answered, whatever happens in it."""

import time
from http import HTTPStatus

import structlog
from prometheus_client import CollectorRegistry, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.database_away import is_database_away
from api.problems import Problem, Unavailable, problem_response

log = structlog.get_logger(__name__)

SECONDS = (0.002, 0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
QUIET = frozenset({"/healthz", "/readyz", "/metrics"})
WEBHOOKS = "/api/v1/calls/webhook"


def request_durations(registry: CollectorRegistry) -> Histogram:
    return Histogram(
        "leadline_http_request_seconds",
        "How long requests took, by the route's template",
        ("method", "route", "status"),
        buckets=SECONDS,
        registry=registry,
    )


class Observe:
    """The last to see an error: a database that is away is a 503, everything else a 500 that tells nothing."""

    def __init__(self, app: ASGIApp, durations: Histogram) -> None:
        self._app = app
        self._durations = durations

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        answer = _Answer(send)
        try:
            await self._app(scope, receive, answer)
        except Exception as error:  # noqa: BLE001 - the last one to see it; logged and answered
            await _answer_for(error, scope, receive, answer)
        self._note(scope, answer.status, time.perf_counter() - began)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        # The template, never the path itself: it may hold a phone number, and it keeps the number of series small.
        route = getattr(scope.get("route"), "path", "unknown")
        self._durations.labels(scope["method"] if route != "unknown" else "other", route, str(status)).observe(seconds)
        if not _is_quiet(route, status):
            log.info(
                "request", method=scope["method"], route=route, status=status, milliseconds=round(seconds * 1000, 1)
            )


def _is_quiet(route: str, status: int) -> bool:
    """What comes in crowds and goes well is counted, not told line by line."""
    return route in QUIET or (route.startswith(WEBHOOKS) and status < HTTPStatus.BAD_REQUEST)


class _Answer:
    """Passes the answer on and remembers its status; 499 where none was sent because the client went away."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status = 499
        self.started = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            self.status = message["status"]
        await self._send(message)


async def _answer_for(error: Exception, scope: Scope, receive: Receive, answer: _Answer) -> None:
    if is_database_away(error):
        log.warning("database_away", error=type(error).__name__)
        problem: Problem = Unavailable("The database can't be reached right now; nothing was stored. Try again.")
    else:
        log.error("request_failed", exc_info=error)
        problem = Problem("The request failed here; its id finds it in the log.")
    if not answer.started:
        await problem_response(problem)(scope, receive, answer)
