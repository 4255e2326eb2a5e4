"""The errors of operations as they stand in /openapi.json; each kind of them is told once and referred to."""

from typing import Any

from api.problems import MEDIA_TYPE, TYPES

PROBLEMS = {
    400: "Unreadable",
    401: "NotSignedIn",
    403: "NotAllowed",
    404: "NotFound",
    409: "Conflict",
    413: "TooLarge",
    415: "UnsupportedMediaType",
    416: "RangeNotSatisfiable",
    422: "InvalidRequest",
    429: "TooManyRequests",
    503: "NotAvailable",
}
KINDS = {
    400: ("unreadable", "Not a webhook", "The webhook can't be read: it is no JSON."),
    401: ("not-signed-in", "Not signed in", "Sign in and send the token, or an API key that holds."),
    403: ("not-allowed", "Not allowed", "Only an admin may change this."),
    404: ("not-found", "Not found", "There is no lead with this id."),
    409: ("conflict", "Conflict", "This campaign takes a number once, and another lead has it."),
    413: ("too-large", "Too large", "The body may have 1 MiB at most."),
    415: ("unsupported-media-type", "Unsupported media type", "Send the body as application/json."),
    416: ("range-not-satisfiable", "Range not satisfiable", "The recording has 4812 bytes."),
    422: ("invalid-request", "Invalid request", "limit: Input should be less than or equal to 200"),
    429: ("too-many-requests", "Too many requests", "There may be 100 requests in 60 seconds; ask again in 7 seconds."),
    503: ("not-available", "Not available right now", "The database can't be reached right now; nothing was stored."),
}
WAITING = {401: "WWW-Authenticate", 429: "Retry-After", 503: "Retry-After"}


def may_answer(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For ``responses=`` of a route: errors that nobody can tell from what it asks for."""
    return {status: response_of(status) for status in statuses}


def response_of(status: int) -> dict[str, Any]:
    kind, title, detail = KINDS[status]
    example = {"type": f"{TYPES}{kind}", "title": title, "status": status, "detail": detail, "request_id": "5f3a…"}
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example}}
    response: dict[str, Any] = {"description": title, "content": content}
    if status in WAITING:
        response["headers"] = {WAITING[status]: {"schema": {"type": "string"}}}
    return response
