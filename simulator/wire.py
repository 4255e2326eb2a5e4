"""What goes over the wire: JSON in and out, the error body, instants in milliseconds."""

import time
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

JsonObject = dict[str, Any]

MESSAGES = {
    400: "Invalid request format, please check API reference.",
    401: "API key is missing or invalid.",
    402: "Trial has ended, please add payment method.",
    403: "Forbidden",
    404: "The requested resource was not found.",
    422: "Cannot find requested asset under given api key.",
    429: "Account rate limited, please throttle your requests.",
    500: "An unexpected server error occurred.",
}
"""Retell's own example message for each status."""


class ApiError(Exception):
    """The request is answered with this status and Retell's error body."""

    def __init__(self, status: int, message: str | None = None, *, retry_after: float | None = None) -> None:
        self.status = status
        self.message = message or MESSAGES.get(status, MESSAGES[400])
        self.retry_after = retry_after
        super().__init__(self.message)

    def response(self) -> JSONResponse:
        headers = {} if self.retry_after is None else {"Retry-After": f"{self.retry_after:g}"}
        return JSONResponse({"status": "error", "message": self.message}, self.status, headers=headers)


def now_ms() -> int:
    """This instant in milliseconds since 1970 (UTC)."""
    return int(time.time() * 1000)


async def json_body(request: Request) -> JsonObject:
    """The request's JSON object; an empty body counts as an empty object.

    Raises:
        ApiError: 400, the body is no JSON object.
    """
    try:
        body = await request.json() if await request.body() else {}
    except ValueError as error:
        raise ApiError(400) from error
    if not isinstance(body, dict):
        raise ApiError(400)
    return body
