"""What goes wrong with a request, as the caller reads it: RFC 9457 problem+json.

Problem
  + Unauthenticated   401  sign in and send the token
  + Forbidden         403  somebody with another role has to do this
  + NotFound          404  there is no such thing in this organisation
  + Conflict          409  it clashes with what is there already; the text says with what
  + TooLarge          413  send less at once
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

from activities.input_errors import field_of, message_of

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 2
MOST_ERRORS = 20


class Problem(Exception):  # noqa: N818 - a name says what happened
    """The request can't be answered; ``detail`` is a sentence that tells the caller what to do."""

    status = 500
    title = "Something went wrong here"

    def __init__(
        self, detail: str, *, headers: Mapping[str, str] | None = None, more: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.headers = headers or {}
        self.more = more or {}


class Unauthenticated(Problem):
    status = 401
    title = "Not signed in"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, headers={"WWW-Authenticate": "Bearer"})


class Forbidden(Problem):
    status = 403
    title = "Not allowed"


class NotFound(Problem):
    status = 404
    title = "Not found"


class NotSatisfiable(Problem):
    status = 416
    title = "Range not satisfiable"


class Conflict(Problem):
    status = 409
    title = "Conflict"


class TooLarge(Problem):
    status = 413
    title = "Too large"


class Invalid(Problem):
    status = 422
    title = "Invalid request"

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}", more={"errors": [{"field": field, "message": message}]})


class TooManyRequests(Problem):
    status = 429
    title = "Too many requests"

    def __init__(self, detail: str, *, retry_after_seconds: int) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after_seconds)})


class Unavailable(Problem):
    status = 503
    title = "Not available right now"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})


def problem_body(status: int, title: str, detail: str, more: Mapping[str, Any] | None = None) -> dict[str, Any]:
    return {
        "type": f"urn:leadline:problem:{title.lower().replace(' ', '-')}",
        "title": title,
        "status": status,
        "detail": detail,
        "request_id": correlation_id.get(),
        **(more or {}),
    }


def problem_response(problem: Problem) -> Response:
    body = problem_body(problem.status, problem.title, problem.detail, problem.more)
    return _response(body, problem.headers)


async def render_problem(request: Request, error: Exception) -> Response:
    """The handler of every error that a request may end with on purpose."""
    del request
    match error:
        case Problem():
            return problem_response(error)
        case RequestValidationError():
            return problem_response(invalid_request(error.errors()))
        case StarletteHTTPException():
            return _of_framework(error)
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


def _of_framework(error: StarletteHTTPException) -> Response:
    """Unknown addresses and methods; a body that the framework couldn't read at all (bad UTF-8, nested too deeply)."""
    if error.status_code == 400:
        return problem_response(Invalid("body", "This is not JSON in UTF-8 that can be read."))
    titles = {404: "Not found", 405: "Method not allowed", 413: "Too large"}
    title = titles.get(error.status_code, "Refused")
    body = problem_body(error.status_code, title, str(error.detail))
    return _response(body, error.headers or {})


def _response(body: Mapping[str, Any], headers: Mapping[str, str]) -> Response:
    # Names of fields come from outside and may hold what UTF-8 can't: json.dumps escapes all of it.
    return Response(json.dumps(body), status_code=body["status"], headers=dict(headers), media_type=MEDIA_TYPE)
