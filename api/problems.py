"""What goes wrong with a request, as the caller reads it: RFC 9457 problem+json.

Problem
  + Unauthenticated   401  sign in and send the token
  + Forbidden         403  somebody with another role has to do this
  + NotFound          404  there is no such thing in this organisation, or no such address
  + NotAllowedMethod  405  ``Allow`` says what may be asked of this address
  + Conflict          409  it clashes with what is there already; the text says with what
  + TooLarge          413  send less at once
  + UnsupportedMediaType  415  the text says as what to send the body
  + NotSatisfiable    416  ask for a part that is there; ``Content-Range`` says how much there is
  + Invalid           422  the text says what to give instead
  + TooManyRequests   429  try again after ``Retry-After``
  + Unavailable       503  try again after ``Retry-After``
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from asgi_correlation_id import correlation_id
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic_core import ErrorDetails
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.responses import Response
from starlette.routing import Match

from activities.input_errors import field_of, message_of
from api.head import WITHOUT_HEAD

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 2
MOST_ERRORS = 20
METHODS = ("DELETE", "GET", "PATCH", "POST", "PUT")
TYPES = "urn:leadline:problem:"


class Problem(Exception):  # noqa: N818 - a name says what happened
    """The request can't be answered; ``detail`` is a sentence that tells the caller what to do."""

    status = 500
    kind = "internal-error"
    title = "Something went wrong here"

    def __init__(
        self, detail: str, *, headers: Mapping[str, str] | None = None, more: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.headers = headers or {}
        self.more = more or {}

    def body(self) -> dict[str, Any]:
        return problem_body(self.status, self.kind, self.title, self.detail, self.more)


class Unauthenticated(Problem):
    status = 401
    kind = "not-signed-in"
    title = "Not signed in"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, headers={"WWW-Authenticate": "Bearer"})


class Forbidden(Problem):
    status = 403
    kind = "not-allowed"
    title = "Not allowed"


class NotFound(Problem):
    status = 404
    kind = "not-found"
    title = "Not found"


class NotAllowedMethod(Problem):
    status = 405
    kind = "method-not-allowed"
    title = "Method not allowed"


class NotSatisfiable(Problem):
    status = 416
    kind = "range-not-satisfiable"
    title = "Range not satisfiable"


class Conflict(Problem):
    status = 409
    kind = "conflict"
    title = "Conflict"


class TooLarge(Problem):
    status = 413
    kind = "too-large"
    title = "Too large"


class UnsupportedMediaType(Problem):
    status = 415
    kind = "unsupported-media-type"
    title = "Unsupported media type"


class Invalid(Problem):
    status = 422
    kind = "invalid-request"
    title = "Invalid request"

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}", more={"errors": [{"field": field, "message": message}]})


class TooManyRequests(Problem):
    status = 429
    kind = "too-many-requests"
    title = "Too many requests"

    def __init__(self, detail: str, *, retry_after_seconds: int) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after_seconds)})


class Unavailable(Problem):
    status = 503
    kind = "not-available"
    title = "Not available right now"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})


def problem_body(
    status: int, kind: str, title: str, detail: str, more: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """``kind`` is what programs go by, and never changes; titles and details are for people."""
    return {
        "type": f"{TYPES}{kind}",
        "title": title,
        "status": status,
        "detail": detail,
        "request_id": correlation_id.get(),
        **(more or {}),
    }


def problem_response(problem: Problem) -> Response:
    return _response(problem.body(), problem.headers)


async def render_problem(request: Request, error: Exception) -> Response:
    """The handler of every error that a request may end with on purpose."""
    match error:
        case Problem():
            return problem_response(error)
        case RequestValidationError():
            return problem_response(invalid_request(error.errors()))
        case StarletteHTTPException():
            return _of_framework(request, error)
        case _:
            raise error


def invalid_request(errors: Sequence[ErrorDetails]) -> Problem:
    """Pydantic's errors as one problem; what was given is never repeated, it may be personal."""
    items = [{"field": field_of(error["loc"]), "message": message_of(error)} for error in errors[:MOST_ERRORS]]
    detail = " ".join(f"{item['field']}: {item['message']}" for item in items[:3])
    problem = Invalid("body", detail)
    problem.detail = detail
    problem.more = {"errors": items}
    return problem


def _of_framework(request: Request, error: StarletteHTTPException) -> Response:
    """Unknown addresses and methods; a body that the framework couldn't read at all (bad UTF-8, nested too deeply)."""
    match error.status_code:
        case 404:
            return problem_response(NotFound("There is nothing at this address; /openapi.json tells what there is."))
        case 405:
            allowed = ", ".join(_methods_at(request))
            return problem_response(NotAllowedMethod(f"This address takes {allowed}.", headers={"Allow": allowed}))
        case 400:
            return problem_response(Invalid("body", "This is not JSON in UTF-8 that can be read."))
        case status:
            return _response(problem_body(status, "refused", "Refused", str(error.detail)), error.headers or {})


def _methods_at(request: Request) -> Sequence[str]:
    """All that an address takes; the framework names those of the first route alone."""
    routes = request.app.router.routes
    asked = ({**request.scope, "method": method} for method in METHODS)
    taken = {scope["method"] for scope in asked if any(route.matches(scope)[0] is Match.FULL for route in routes)}
    if "GET" in taken and request.scope["path"] not in WITHOUT_HEAD:
        taken.add("HEAD")
    return sorted(taken)


def _response(body: Mapping[str, Any], headers: Mapping[str, str]) -> Response:
    # Names of fields come from outside and may hold what UTF-8 can't: json.dumps escapes all of it.
    return Response(json.dumps(body), status_code=body["status"], headers=dict(headers), media_type=MEDIA_TYPE)
