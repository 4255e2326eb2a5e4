"""What every request is asked before its route: whether its body is of the kind that the route reads, and whether each
of its query parameters is there once. Of two values one would be dropped silently.
"""

from fastapi import Request, params
from fastapi._compat import ModelField
from starlette.datastructures import Headers

from api.problems import Invalid, UnsupportedMediaType

JSON = "application/json"
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


async def readable(request: Request) -> None:
    """Raises UnsupportedMediaType or Invalid."""
    names = [name for name, _ in request.query_params.multi_items()]
    for name in names:
        if names.count(name) > 1:
            raise Invalid(name, "Give it once.")
    body = getattr(request.scope.get("route"), "body_field", None)
    if body is not None and _has_body(request.headers):
        _check(request.headers.get("content-type", ""), body)


def _check(written: str, body: ModelField) -> None:
    kind = written.partition(";")[0].strip().lower()
    if isinstance(body.field_info, params.Form):
        if kind not in FORMS:
            raise UnsupportedMediaType(f"Send the body as {FORMS[0]}.")
    elif kind != JSON and not (kind.startswith("application/") and kind.endswith("+json")):
        raise UnsupportedMediaType(f"Send the body as {JSON}.")


def _has_body(headers: Headers) -> bool:
    return "transfer-encoding" in headers or headers.get("content-length", "0") != "0"
