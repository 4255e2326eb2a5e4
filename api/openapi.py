"""What /openapi.json says beyond what the routes say themselves: names, how to sign in, and every error.

Which errors an operation may end with is seen from what it asks for: who may ask, ids in its address, a body. Those
that can't be seen so (a conflict with what is there, an id within a body) a route declares by ``may_answer``.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import RouteContext, iter_route_contexts

from api.dependencies import identified, may_administer, may_write
from api.examples import EXAMPLES
from api.kept_answers import REPLAYED, key_of_request
from api.once import admin_once, admin_once_secret, writer_once
from api.operations import operation_name, summary_of
from api.problem_answers import PROBLEMS, response_of
from api.tags import TAGS

DESCRIPTION = """
Outbound calling by voice agents: leads come in, are called inside the hours the law and the campaign allow, and end
with an outcome.

**Signing in.** `Authorization: Bearer …` with a token of a person (`POST /api/v1/auth/token`) or an API key of a
machine (`ll_…`, `POST /api/v1/api-keys`).

**Errors** are RFC 9457 problem+json. Go by `status` and `type`; `detail` is a sentence that says what to do, and
`request_id` (also `X-Request-ID`) finds the request in the log.

**Repeating.** A `POST` that makes something takes an `Idempotency-Key`: send the same key again after a broken
connection, and nothing is made twice.

**Lists** come in pages: `limit` (1 to 200, else 50) and
`cursor`, the `next_cursor` of the page before; null is the end.

**How often.** `RateLimit` and `RateLimit-Policy` tell how many requests are left, `Retry-After` when to ask again.

Instants are in UTC with `Z`, phone numbers in E.164. Closed vocabularies grow by adding: take a word that you don't
know as such.
""".strip()

API_KEY_SCHEME = {"type": "http", "scheme": "bearer", "description": "An API key of a machine (`ll_…`)."}
KEPT = {
    "description": "`true` where this is the answer of an earlier request with the same `Idempotency-Key`",
    "schema": {"type": "string", "enum": ["true"]},
}
LOCATION = {
    "description": "Where what was made is read, if it has an address of its own",
    "schema": {"type": "string", "format": "uri-reference"},
}
KEYED = (key_of_request, writer_once, admin_once, admin_once_secret)
CHANGING = frozenset({"POST", "PUT", "PATCH"})
INVALID = PROBLEMS[422]
"""In place of what FastAPI says of its own errors."""

VALIDATION = ("HTTPValidationError", "ValidationError")


def describe(app: FastAPI) -> dict[str, Any]:
    """The whole document; put together once, and kept in ``app.openapi_schema``."""
    if app.openapi_schema is None:
        app.openapi_schema = _described(app)
    return app.openapi_schema


def _described(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title=app.title,
        version=app.version,
        summary="Outbound calling by voice agents",
        description=DESCRIPTION,
        routes=app.routes,
        tags=[{"name": name, "description": text} for name, text in TAGS.items()],
        servers=[{"url": "/", "description": "The server that this document comes from"}],
        separate_input_output_schemas=False,
    )
    for context in iter_route_contexts(app.routes):
        for method, operation in _operations_of(context, document):
            _complete(operation, method, context)
    components = document["components"]
    components["securitySchemes"]["ApiKey"] = API_KEY_SCHEME
    components["responses"] = {name: response_of(status) for status, name in PROBLEMS.items()}
    for name, example in EXAMPLES.items():
        components["schemas"][name]["examples"] = [example]
    for name in VALIDATION:
        components["schemas"].pop(name, None)
    return document


def _operations_of(context: RouteContext, document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    if not getattr(context, "include_in_schema", False):
        return
    for method in context.methods or ():
        yield method, document["paths"][context.path_format][method.lower()]


def _complete(operation: dict[str, Any], method: str, context: RouteContext) -> None:
    name = operation_name(method, str(context.path_format))
    operation["operationId"] = name
    if context.summary is None:
        operation["summary"] = summary_of(name)
    if operation.get("security"):
        operation["security"] = [*operation["security"], {"ApiKey": []}]
    if "requestBody" in operation and method in CHANGING:
        operation["requestBody"].setdefault("required", False)
    asked = {dependant.call for dependant in _flat(context.dependant)}
    responses = operation["responses"]
    for status in _statuses(operation, method, asked):
        if PROBLEMS[status] == INVALID or str(status) not in responses:
            responses[str(status)] = {"$ref": f"#/components/responses/{PROBLEMS[status]}"}
    if not asked.isdisjoint(KEYED):
        _say_header(responses, REPLAYED, KEPT)
    if method == "POST" and not {"201", "202"}.isdisjoint(responses):
        _say_header(responses, "Location", LOCATION)
    operation["responses"] = dict(sorted((str(status), response) for status, response in responses.items()))
    _without_items_of_streams(operation["responses"])


def _statuses(operation: dict[str, Any], method: str, asked: set[Any]) -> Sequence[int]:
    """The errors that can be told from what an operation asks for."""
    takes_body = "requestBody" in operation
    parameters = operation.get("parameters", [])
    told = {
        401: bool(operation.get("security")),
        403: not asked.isdisjoint((may_write, may_administer)),
        404: any(parameter["in"] == "path" for parameter in parameters),
        409: bool(operation.get("security")) and method in CHANGING,
        413: takes_body,
        415: takes_body,
        422: True,
        429: identified in asked,
        503: True,
    }
    return [status for status, is_so in told.items() if is_so]


def _without_items_of_streams(responses: dict[str, Any]) -> None:
    """FastAPI writes them as OpenAPI 3.2 has them; this document is of 3.1, where they make it invalid."""
    for response in responses.values():
        response.get("content", {}).get("text/event-stream", {}).pop("itemSchema", None)


def _say_header(responses: dict[str, Any], name: str, header: dict[str, Any]) -> None:
    for status, response in responses.items():
        if status.startswith("2"):
            response.setdefault("headers", {})[name] = header


def _flat(dependant: Dependant) -> Iterator[Dependant]:
    yield dependant
    for inner in dependant.dependencies:
        yield from _flat(inner)
